// One run: a fresh server with one contestant, checked, warmed up, loaded, and measured until its last record is written.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { BODY, missingFields, REQUEST_HEADERS, TARGET } from './app.js'
import { contestants } from './contestants.js'
import { cpuOf, peakMemoryOf, pinnedNode } from './machine.js'
import { firstLines, followRecords } from './records.js'

const PATIENCE_MS = 10_000
const SERVER = fileURLToPath(new URL('server.js', import.meta.url))

export const OUT = fileURLToPath(new URL('../out/bench/', import.meta.url))

/**
 * Measures `contestant` on `server` for about `seconds` after `firstRequests` and `warmUpSeconds`, with `connections` at a time.
 * @returns CPU per request in µs, requests per second, peak memory in MB, and the `faults` that make the run invalid
 */
export async function run({ server, contestant, nodeArgs = [], ...amounts }) {
  const directory = `${OUT}records`
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  const child = start(directory, [...nodeArgs, SERVER, server, contestant, directory])
  try {
    return await measure({ child, directory, contestant, ...amounts })
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit')
      child.send('exit')
      await gone
    }
    rmSync(directory, { recursive: true, force: true })
  }
}

function start(directory, args) {
  const stdout = openSync(`${directory}/stdout.ndjson`, 'a')
  const [command, commandArgs] = pinnedNode(args)
  const child = spawn(command, commandArgs, {
    stdio: ['ignore', stdout, 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  closeSync(stdout)
  return child
}

async function measure({
  child,
  directory,
  contestant,
  seconds,
  warmUpSeconds,
  firstRequests = 2000,
  connections = 50,
}) {
  const { port } = await nextMessage(child)
  const load = (amount) => loadWith(port, amount, connections)
  const rounded = (requests) => Math.max(1, Math.round(requests / connections)) * connections
  const { lines = { each: 1 } } = contestants[contestant]
  const perRequest = contestant === 'bare' ? 0 : lines.each
  const linesOf = (count) => count * perRequest + (lines.besides ?? 0)
  const records = followRecords(directory)

  let requests = firstRequests
  let rate = await load(firstRequests)
  await records.waitFor(linesOf(requests), PATIENCE_MS)
  const faults = perRequest === 0 ? [] : faultsIn(byRequest(firstLines(directory).slice(lines.besides ?? 0), lines))
  if (warmUpSeconds > 0) {
    requests += rounded(rate.perSecond * warmUpSeconds)
    rate = await load(rounded(rate.perSecond * warmUpSeconds))
    await records.waitFor(linesOf(requests), PATIENCE_MS)
  }

  const before = cpuOf(child.pid)
  const amount = rounded(rate.perSecond * seconds)
  const { perSecond, failed } = await load(amount)
  requests += amount
  const written = await records.waitFor(linesOf(requests), PATIENCE_MS)
  const cpu = (cpuOf(child.pid) - before) / amount

  child.send('count')
  const seen = (await nextMessage(child)).requests
  if (failed > 0) faults.push(`${failed} requests failed`)
  if (seen !== requests) faults.push(`sent ${requests} requests, the server saw ${seen}`)
  if (written !== linesOf(seen)) faults.push(`${written} lines of ${seen} requests`)
  return {
    cpu,
    perSecond,
    memory: peakMemoryOf(child.pid),
    requests: seen,
    records: (written - linesOf(0)) / Math.max(1, perRequest),
    faults,
  }
}

/** The lines of each request; those whose other lines are further on are left out. */
function byRequest(lines, { each, whose }) {
  if (each === 1) return lines.map((line) => [line])
  const groups = new Map()
  for (const line of lines) {
    const key = JSON.parse(line)[whose]
    groups.set(key, [...(groups.get(key) ?? []), line])
  }
  return [...groups.values()].filter((group) => group.length >= each)
}

function faultsIn(requests) {
  const missing = new Set(requests.flatMap(missingFields))
  if (requests.length === 0) return ['no records']
  return missing.size === 0 ? [] : [`records lack ${[...missing].join(', ')}`]
}

/** A fixed number of requests, so that each has its whole answer and records can be counted. */
async function loadWith(port, amount, connections) {
  const result = await autocannon({
    url: `http://127.0.0.1:${port}${TARGET}`,
    connections,
    amount,
    headers: REQUEST_HEADERS,
    expectBody: BODY,
    timeout: 30,
    sampleInt: 10,
  })
  const failed = result.errors + result.non2xx + result.mismatches + (amount - result['2xx'])
  return { perSecond: amount / ((result.finish - result.start) / 1000), failed }
}

async function nextMessage(child) {
  const stopped = new AbortController()
  const { signal } = stopped
  const left = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`the server left with ${code}`)
  })
  const message = once(child, 'message', { signal }).then(([value]) => value)
  try {
    return await Promise.race([message, left])
  } finally {
    left.catch(() => {})
    message.catch(() => {})
    stopped.abort()
  }
}
