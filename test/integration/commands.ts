import { execFile } from 'node:child_process'

/** What a command wrote, and how it ended. */
export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The environment without what an outer `npm run` left in it, which would steer an inner npm to the wrong project. */
const environment: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) =>
      !/^(npm_(package|lifecycle)_|npm_config_local_prefix$|INIT_CWD$|NODE_OPTIONS$|VITEST|NODE_ENV$)/.test(name),
  ),
)

/** Runs a command to its end; a status other than 0 is a result, not a rejection. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<CommandResult> {
  const settings = { cwd: options.cwd, env: { ...environment, ...options.env }, maxBuffer: 1 << 26 }
  return new Promise((resolve, reject) => {
    execFile(command, args, settings, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') return reject(error)
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

/** The same, and rejects with all that was written when the status is not 0. */
export async function succeed(...call: Parameters<typeof run>): Promise<CommandResult> {
  const result = await run(...call)
  if (result.code === 0) return result
  throw new Error(`${call[0]} ${call[1].join(' ')} ended with ${result.code}\n${result.stdout}\n${result.stderr}`)
}
