import assert from 'node:assert/strict'
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogHandler } from 'griffier'

const directory = mkdtempSync(join(tmpdir(), 'griffier-'))
const path = join(directory, 'audit.ndjson')
const alarms: string[] = []
const index: string[] = []
const failures: string[] = []
const search = { add: async (id: string, _record: unknown) => void index.push(id) }

async function recordTo(logHandler: LogHandler | readonly LogHandler[]): Promise<void> {
  const audit = createAuditLog({ logHandler, onError: (error) => failures.push(error.code) })
  await audit.logger().critical('The cellar is flooded').sendLog()
  await audit.close()
}

// #region stdout
import { createAuditLog, stdoutSink } from 'griffier'

const toStdout = stdoutSink({ format: 'python-audit-log' })
// #endregion
await recordTo(toStdout)

// #region file
import { fileSink } from 'griffier'

const toFile = fileSink(path, { maxSize: 64 * 1024 * 1024, maxAgeMs: 24 * 60 * 60 * 1000, maxFiles: 30 })
// #endregion
await recordTo(toFile)
assert.equal(statSync(path).mode & 0o777, 0o600)
assert.match(readFileSync(path, 'utf8'), /"message":"The cellar is flooded"\}\n$/)

// #region writable
const toStream = createWriteStream(join(directory, 'stream.ndjson'), { flags: 'a', mode: 0o600 })
// #endregion
await recordTo(toStream)
assert.equal(readFileSync(join(directory, 'stream.ndjson'), 'utf8').split('\n').length, 2)
toStream.end()

// #region pino
import pino from 'pino'

const toPino = pino.destination({ dest: join(directory, 'pino.ndjson'), sync: false })
// #endregion
await new Promise((resolve) => toPino.once('ready', resolve))
await recordTo(toPino)
assert.equal(readFileSync(join(directory, 'pino.ndjson'), 'utf8').split('\n').length, 2)
toPino.end()

// #region function
import type { LineFunction } from 'griffier'

const alarm: LineFunction = (_line, record) => {
  if (record.type === 'CRITICAL') alarms.push(record.message ?? '')
}
// #endregion
await recordTo(alarm)
assert.deepEqual(alarms, ['The cellar is flooded'])

// #region sink
import type { Sink } from 'griffier'

const toSearch: Sink = {
  name: 'search',
  queue: { maxQueuedRecords: 50_000, overflow: 'drop-oldest' },
  async write(records) {
    for (const record of records) await search.add(record.id, record)
  },
  async close() {},
}
// #endregion

// #region several
const audit = createAuditLog({
  logHandler: [fileSink(path), alarm, toSearch],
  onError: (error) => console.error(error.code, error.message),
})
// #endregion

await audit.logger().info('Opened').sendLog()
await audit.flush()
assert.equal(index.length, 1)

// #region health
const { counters, sinks } = audit.health()
// #endregion
assert.deepEqual(counters, { recorded: 1, lost: 0, refused: 0, dropped: 0, afterClose: 0 })
assert.deepEqual(
  sinks.map(({ name, delivered }) => [name, delivered]),
  [
    [`file:${path}`, 1],
    ['alarm', 1],
    ['search', 1],
  ],
)

await audit.close()
assert.deepEqual(failures, [])
rmSync(directory, { recursive: true })
console.log('handlers: each of them had its records')
