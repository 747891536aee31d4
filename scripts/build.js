// Builds dist/ from src/. The output is one file for each source file, so that stack traces read like the source; there
// are no source maps, which would have to ship the sources with them.
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const schema = 'record/record.schema.json'

rmSync(join(root, 'dist'), { recursive: true, force: true })
compile()
copyFileSync(join(root, 'src', schema), join(root, 'dist', schema))
checkExports()
makeExecutable()

function compile() {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  try {
    execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
  } catch {
    fail('the compiler found errors, see above')
  }
}

/** Every file that package.json promises must be there. */
function checkExports() {
  const { bin, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const targets = [...Object.values(bin), ...Object.values(exports)].flatMap((target) =>
    typeof target === 'string' ? target : Object.values(target),
  )
  const missing = targets.filter((target) => !existsSync(join(root, target)))
  if (missing.length > 0) fail(`package.json promises what was not built: ${missing.join(', ')}`)
}

/** npm does so when it installs; whoever runs a command from a clone has to have it, too. */
function makeExecutable() {
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const target of Object.values(bin)) chmodSync(join(root, target), 0o755)
}

function fail(reason) {
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  console.error(`build failed: ${reason}`)
  process.exit(1)
}
