// What an audit record costs: griffier, its peers and a floor, each on the same app, in one interleaved run.
//
//   npm run bench -- [--rounds 5] [--seconds 4] [--connections 50] [--only node,griffier] [--check] [--write]
//
// --only   servers, contestants, or server/contestant; bare runs always belong to it
// --check  one round of a few hundred requests each: only the fields and the counts of records matter
// --write  puts the result in bench/RESULTS.md
// It fails when a record is missing or lacks a field, never for speed.
import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { contestants } from './contestants.js'
import { syncTime } from './floor.js'
import { describeMachine, pinLoad, pinnedNode } from './machine.js'
import { losses, summarise, table, verdicts } from './report.js'
import { OUT, run } from './run.js'

const BARE_RUNS_A_ROUND = 3
const WARM_UP_SECONDS = 2

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '50' },
    only: { type: 'string' },
    check: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const rounds = options.check ? 1 : Number(options.rounds)
const amounts = options.check
  ? { firstRequests: 500, warmUpSeconds: 0, seconds: 0.2 }
  : { warmUpSeconds: WARM_UP_SECONDS, seconds: Number(options.seconds), connections: Number(options.connections) }
const only = options.only?.split(',')

function chosenRuns() {
  const all = Object.entries(contestants).flatMap(([contestant, { servers }]) =>
    servers.map((server) => ({ server, contestant })),
  )
  const chosen = all.filter(
    ({ server, contestant }) =>
      only === undefined || [server, contestant, `${server}/${contestant}`].some((name) => only.includes(name)),
  )
  if (chosen.length === 0) throw new Error(`--only ${options.only} names no server or contestant`)
  return [...new Set(chosen.map(({ server }) => server))].flatMap((server) => [
    ...chosen.filter((one) => one.server === server && one.contestant !== 'bare'),
    ...Array.from({ length: options.check ? 1 : BARE_RUNS_A_ROUND }, () => ({ server, contestant: 'bare' })),
  ])
}

function shuffled(list) {
  return list
    .map((value) => ({ value, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ value }) => value)
}

async function allRuns() {
  const runs = []
  for (let round = 1; round <= rounds; round++) {
    for (const { server, contestant } of shuffled(chosenRuns())) {
      const result = await run({ server, contestant, ...amounts }).catch((error) => ({
        faults: [error.message],
      }))
      runs.push({ round, server, contestant, ...result })
      const figures =
        result.cpu === undefined
          ? ''
          : `${result.cpu.toFixed(1)} µs, ${result.perSecond.toFixed(0)}/s, ${result.records} records`
      console.error(
        `${round}/${rounds} ${server} ${contestant}: ${[figures, ...result.faults.map((fault) => `INVALID: ${fault}`)].join(' ')}`,
      )
    }
  }
  return runs
}

function microRows() {
  const [command, args] = pinnedNode([fileURLToPath(new URL('micro.js', import.meta.url)), '--json'])
  const { stdout, status } = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (status !== 0) throw new Error(`micro.js left with ${status}`)
  return JSON.parse(stdout)
}

function syncMilliseconds() {
  const path = `${OUT}sync`
  const descriptor = openSync(path, 'w')
  const milliseconds = syncTime(descriptor)
  closeSync(descriptor)
  rmSync(path)
  return milliseconds
}

function versions() {
  const pinned = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
  const nest = '@nestjs/core'
  const all = { ...pinned('package.json').dependencies, [nest]: pinned('../package.json').devDependencies[nest] }
  return Object.entries(all)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
}

function report(runs, micro, { absolute }) {
  const valid = runs.filter((one) => one.faults.length === 0)
  const rowsByServer = Object.fromEntries(
    [...new Set(valid.map(({ server }) => server))].map((server) => [server, summarise(valid, server)]),
  )
  return [
    `${describeMachine(OUT)}; ${new Date().toISOString().slice(0, 10)}; ${rounds} rounds of ${amounts.seconds} s, ${options.connections} connections; fdatasync of a kilobyte ${syncMilliseconds().toFixed(2)} ms (p50).`,
    `${versions()}.`,
    ...Object.entries(rowsByServer).flatMap(([server, rows]) => [`## ${server}`, table(server, rows, { absolute })]),
    '## Targets',
    verdicts(rowsByServer, micro),
    ...losses(rowsByServer),
  ].join('\n\n')
}

const PREFACE = `# What an audit record costs

Written by \`npm run bench -- --write\`. Every contestant logs the same full record of the same app: method, URL, agent, status,
eight headers, user, filter and results; a run counts only if it wrote exactly one such record for each request. What a
contestant *adds* is the CPU of its whole process tree per request, until its last record is in the file, less the
median of the bare runs of the same round. Figures are medians over the rounds with their range in brackets. Ratios hold from
machine to machine, microseconds do not, so only ratios are kept here.

\`griffier\` writes to stdout, \`griffier-file\` to a file sink, \`griffier-no-context\` to stdout without \`audit.current()\`; redaction
is on in all three, and in no other. \`evlog-audit\` signs records in a hash chain. \`floor\` is written by hand and does the least that
still yields the record: no redaction, no id, no care for errors.

\`griffier-written\` and \`griffier-durable\` keep their records on a trail and nowhere else: each response waits until its record was written, or is on
disk. \`floor-written\` and \`floor-durable\` do that by hand, nonce and hash of each leaf included, but no tree, no checkpoint and no failure.

\`fastify-pino\` is the logging of requests of Fastify's own: it writes two lines a request, which have the record's fields only
together. \`hono-pino\` writes when the app has answered, before Node has, so its headers are those of Hono's \`Response\`. What
loggers other than griffier cannot know of themselves, such as the user and the filter, is handed to them by hand.`

pinLoad()
mkdirSync(OUT, { recursive: true })
const runs = await allRuns()
const micro = options.check || only !== undefined ? [] : microRows()
if (!options.check) {
  console.log(report(runs, micro, { absolute: true }))
  for (const { name, nanoseconds } of micro) console.log(`${nanoseconds.toFixed(0).padStart(8)} ns  ${name}`)
}
if (options.write) {
  const text = `${PREFACE}\n\n${report(runs, micro, { absolute: false })}\n`
  writeFileSync(new URL('RESULTS.md', import.meta.url), text)
}
const invalid = runs.filter(({ faults }) => faults.length > 0)
console.error(`${runs.length - invalid.length} of ${runs.length} runs are valid`)
if (invalid.length > 0) process.exitCode = 1
