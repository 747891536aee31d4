/*
 * A municipal bicycle register with every request audited: on a trail that can be verified, to standard output for you, and to a
 * file. `npm run demo` visits it, verifies the trail and ends; `npm run demo -- --serve` leaves it to you.
 */
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AuditRecord, createAuditLog, fileSink } from 'griffier'
import { expressAudit } from 'griffier/express'
import { nodeAudit } from 'griffier/node'
import { createRegister } from './register.ts'
import { Sessions } from './sessions.ts'
import { paint, show } from './show.ts'
import { summarise } from './summary.ts'
import { verifyTrail, withOneByteEdited } from './verification.ts'
import { visit } from './visitor.ts'

const serving = process.argv.includes('--serve')
const directory = mkdtempSync(join(tmpdir(), 'griffier-demo-'))
const file = join(directory, 'audit.ndjson')
const trail = join(directory, 'trail')
const papers = join(directory, 'papers.txt')
writeFileSync(papers, 'This bicycle belongs to its owner.\n'.repeat(1_000))

const records: AuditRecord[] = []
const arrivals = new EventEmitter()
let expected = 0
let exchanges = 0
const sessions = new Sessions()
const audit = createAuditLog({
  loggerName: 'bicycles',
  trail: { directory: trail },
  guarantee: 'durable',
  exemptUrls: [/^\/health$/],
  trustedProxies: ['127.0.0.1'],
  userFromRequest: (req) => sessions.clerkOf(req as http.IncomingMessage),
  logHandler: [
    fileSink(file),
    function screen(_line, record) {
      records.push(record)
      // The trail has records of its own, too.
      if (record.kind !== undefined) return
      exchanges++
      process.stdout.write(show(record))
      arrivals.emit('record')
    },
  ],
})
const audited = nodeAudit(audit)
const server = audited.attach(
  http.createServer(audited.serverOptions, createRegister(expressAudit(audit), sessions, papers)),
)
server.listen(serving ? Number(process.env.PORT ?? 3000) : 0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

if (serving) await serve()
else await tour()

async function tour(): Promise<void> {
  say(`The bicycle register, audited by griffier, at ${url}`)
  const visited = await visit({
    url,
    step: (title) => say(title),
    recorded: untilRecorded,
  })
  await close()
  say('One of the records, as it is in the file')
  process.stdout.write(
    `${JSON.stringify(records.find(({ user, results }) => user?.authenticated && results !== undefined))}\n`,
  )
  say('What was recorded')
  const { text, faults } = summarise(records, visited, file)
  process.stdout.write(text)
  const unproven = proveTrail()
  for (const fault of [...faults, ...unproven]) process.stdout.write(`  ${paint('red', 'FAULT')} ${fault}\n`)
  process.exitCode = faults.length + unproven.length > 0 ? 1 : 0
  process.stdout.write('\n')
}

/** Verifies the trail, and a copy of it in which somebody has edited a byte; gives what should have been otherwise. */
function proveTrail(): readonly string[] {
  say('Is the trail as it was written? An auditor asks, with the key that was put away when the trail was made')
  const honest = verifyTrail(trail)
  process.stdout.write(honest.text)
  say('And after somebody has turned one letter of one record into another?')
  const edited = verifyTrail(withOneByteEdited(trail, join(directory, 'edited')), trail)
  process.stdout.write(edited.text)
  return [
    ...(honest.status === 0 ? [] : ['the trail does not verify']),
    ...(edited.status === 1 ? [] : ['the edited byte was not found']),
  ]
}

async function serve(): Promise<void> {
  say(`The bicycle register, audited by griffier, serves at ${url} until Ctrl-C`)
  const hints = [
    `curl '${url}/bicycles?colour=red&token=s3cr3t'`,
    `curl -c jar -H 'content-type: application/json' -d '{"email":"jane@example.org","password":"correct-horse"}' ${url}/session`,
    `curl -b jar ${url}/bicycles/2`,
    `curl -b jar -X DELETE ${url}/bicycles/3`,
    `curl -b jar ${url}/export | head -1`,
    `curl -H 'x-forwarded-for: 203.0.113.7' ${url}/statistics`,
    `tail -f ${file}`,
    `npx tsx src/cli/main.ts tail -f ${trail}`,
  ]
  process.stdout.write(hints.map((hint) => `  ${hint}\n`).join(''))
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  await close()
}

/** Waits until so many records are there, or until it is clear that one is missing: the summary will say so. */
async function untilRecorded(count: number): Promise<void> {
  if (count === expected) process.stdout.write(`  ${paint('dim', 'no record')}\n`)
  expected = count
  const signal = AbortSignal.timeout(5_000)
  while (exchanges < count && !signal.aborted) await once(arrivals, 'record', { signal }).catch(() => undefined)
}

async function close(): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await audit.close()
}

function say(title: string): void {
  process.stdout.write(`\n${paint('bold', title)}\n`)
}
