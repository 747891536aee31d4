/*
 * What a process asked of the kernel, as strace saw it, and whether no answer left before its record was on disk.
 *
 *   const server = await startServer(settings, traced('/tmp/calls'))
 *   …
 *   faultsInCalls(callsIn(readFileSync('/tmp/calls', 'utf8')), ids, directory)
 */

export interface Call {
  readonly name: string
  readonly args: string
  /** Undefined where it never returned. */
  readonly result: number | undefined
  /** Where it began and ended in the order of all that happened: a call that ended before another began has the smaller number. */
  readonly issued: number
  readonly returned: number
}

const names =
  'write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,fsync,fdatasync'

/** The command that runs another and writes down its calls. */
export function traced(output: string): readonly string[] {
  return ['strace', '-f', '-ttt', '-y', '-s', '65536', '-qq', '-e', `trace=${names}`, '-o', output]
}

const whole = /^(\w+)\((.*)\)\s+= (-?\d+)/s
const begin = /^(\w+)\((.*) <unfinished \.\.\.>$/s
const end = /^<\.\.\. (\w+) resumed>(.*)\)\s+= (-?\d+)/s

/** The calls in what strace wrote, in the order in which they began. */
export function callsIn(output: string): readonly Call[] {
  const calls: Call[] = []
  const open = new Map<
    string,
    { readonly place: number; readonly name: string; readonly args: string; readonly issued: number }
  >()
  for (const [at, line] of output.split('\n').entries()) {
    const [, thread = '', text = ''] = /^(\d+)\s+\d+\.\d+ (.*)$/s.exec(line) ?? []
    const done = whole.exec(text)
    const begun = begin.exec(text)
    const ended = end.exec(text)
    if (done !== null) {
      const [, name = '', args = '', result] = done
      calls.push({ name, args, result: Number(result), issued: at, returned: at })
    } else if (begun !== null) {
      const [, name = '', args = ''] = begun
      open.set(thread, { place: calls.length, name, args, issued: at })
      calls.push({ name, args, result: undefined, issued: at, returned: Number.POSITIVE_INFINITY })
    } else if (ended !== null) {
      const call = open.get(thread)
      if (call === undefined) throw new Error(`nothing was open in thread ${thread}: ${text}`)
      const { place, ...known } = call
      calls[place] = { ...known, args: known.args + ended[2], result: Number(ended[3]), returned: at }
    }
  }
  return calls
}

/** Every way in which a server answered before the record of the answer was on disk. */
export function faultsInCalls(calls: readonly Call[], ids: Iterable<string>, directory: string): readonly string[] {
  const segments = `${directory}/segments`
  const syncs = calls.filter(({ name, result }) => (name === 'fdatasync' || name === 'fsync') && result === 0)
  const synced = (path: string, after: Call, before: Call): boolean =>
    syncs.some(
      ({ args, issued, returned }) => args.includes(`<${path}>`) && issued > after.returned && returned < before.issued,
    )
  const writes = calls.filter(({ name, args }) => /write/.test(name) && args.includes(`<${segments}/`))
  const answers = calls.filter(({ args }) => /^\d+<socket:/.test(args))
  const faults: string[] = []
  for (const id of ids) {
    const answer = answers.find(({ args }) => new RegExp(`end of ${id}(?![\\w-])`).test(args))
    const write = writes.find(({ args }) => args.includes(`\\"request_id\\":\\"${id}\\"`))
    if (answer === undefined || write === undefined) {
      faults.push(`${id} was ${answer === undefined ? 'not answered' : 'not written'}`)
      continue
    }
    const segment = /<([^>]+)>/.exec(write.args)?.[1] ?? ''
    if (!isWhole(write)) faults.push(`the write of ${id} is not whole: ${write.result}`)
    if (!synced(segment, write, answer)) faults.push(`${id} was answered before its line was synced`)
    for (const [path, parent] of pathTo(segment, directory)) {
      const creation = calls.find((call) => creates(call, path))
      if (creation !== undefined && !synced(parent, creation, answer)) {
        faults.push(`${id} was answered before ${parent} was synced, where ${path} is new`)
      }
    }
  }
  return faults
}

/** Whether a write of one buffer took all of it. */
function isWhole({ name, args, result }: Call): boolean {
  const length = name === 'pwrite64' ? /, (\d+), \d+$/.exec(args) : name === 'write' ? /, (\d+)$/.exec(args) : null
  if (length !== null) return Number(length[1]) === result
  const lengths = [...args.matchAll(/iov_len=(\d+)\}/g)].map(([, size]) => Number(size))
  return lengths.reduce((sum, size) => sum + size, 0) === result
}

/** The segment, the directories on the way to it, and what each is in. */
function pathTo(segment: string, directory: string): readonly (readonly [path: string, parent: string])[] {
  const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'))
  return [segment, `${directory}/segments`, directory].map((path) => [path, parentOf(path)])
}

function creates({ name, args, result }: Call, path: string): boolean {
  if (result === undefined || result < 0 || !args.includes(`"${path}"`)) return false
  return name.startsWith('mkdir') || (name.startsWith('open') && args.includes('O_CREAT'))
}
