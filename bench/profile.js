// Where the time of a contestant goes: microseconds per request by package and by function, next to another contestant's.
//
//   node bench/profile.js [--server node] [--contestant griffier] [--against bare] [--seconds 5] [--top 30]
//
// The profiles stay in out/bench, to be opened in a browser's developer tools. Sampling slows the server: compare the lines,
// not the totals, with the bench. It needs what `npm run bench` has prepared.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { pinLoad } from './machine.js'
import { OUT, run } from './run.js'

const SAMPLE_US = 200
const NEGLIGIBLE_US = 0.05
const ROOT = fileURLToPath(new URL('..', import.meta.url))

const { values: options } = parseArgs({
  options: {
    server: { type: 'string', default: 'node' },
    contestant: { type: 'string', default: 'griffier' },
    against: { type: 'string', default: 'bare' },
    seconds: { type: 'string', default: '5' },
    top: { type: 'string', default: '30' },
  },
})

async function profile(contestant) {
  const name = `${options.server}-${contestant}.cpuprofile`
  const nodeArgs = [
    '--cpu-prof',
    `--cpu-prof-dir=${OUT}`,
    `--cpu-prof-name=${name}`,
    `--cpu-prof-interval=${SAMPLE_US}`,
  ]
  const result = await run({
    server: options.server,
    contestant,
    seconds: Number(options.seconds),
    warmUpSeconds: 0,
    nodeArgs,
  })
  for (const fault of result.faults) console.error(`${contestant}: ${fault}`)
  return perRequest(JSON.parse(readFileSync(`${OUT}${name}`, 'utf8')), result.requests)
}

/** Self time in µs per request, by package and by function. */
function perRequest({ nodes, samples, timeDeltas }, requests) {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const packages = new Map()
  const functions = new Map()
  const add = (times, key, us) => times.set(key, (times.get(key) ?? 0) + us / requests)
  for (const [index, id] of samples.entries()) {
    const { functionName, url, lineNumber } = frames.get(id)
    if (functionName === '(idle)' || url.startsWith('node:internal/modules')) continue
    add(packages, packageOf(url) ?? (functionName || '(native)'), timeDeltas[index])
    const place = url === '' ? '' : ` ${url.replace(`file://${ROOT}`, '')}:${lineNumber + 1}`
    add(functions, `${functionName || '(anonymous)'}${place}`, timeDeltas[index])
  }
  return { packages, functions }
}

function packageOf(url) {
  if (url === '') return undefined
  const dependency = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]
  if (dependency !== undefined) return dependency
  if (url.startsWith('node:')) return 'node'
  return url.replace(`file://${ROOT}`, '').split('/')[0]
}

function print(title, mine, other) {
  console.log(`\n${title}: µs a request, and over ${options.against}`)
  const keys = [...new Set([...mine.keys(), ...other.keys()])]
  const rows = keys.map((key) => ({ key, us: mine.get(key) ?? 0, over: (mine.get(key) ?? 0) - (other.get(key) ?? 0) }))
  for (const { key, us, over } of rows.sort((a, b) => b.over - a.over).slice(0, Number(options.top))) {
    if (Math.abs(over) < NEGLIGIBLE_US) continue
    console.log(`${us.toFixed(2).padStart(8)} ${over.toFixed(2).padStart(8)}  ${key}`)
  }
}

pinLoad()
const other = await profile(options.against)
const mine = await profile(options.contestant)
print(`${options.server}, ${options.contestant}, packages`, mine.packages, other.packages)
print('functions', mine.functions, other.functions)
