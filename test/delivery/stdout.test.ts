import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { endOf, startOnPipe, textOf } from './run.ts'

const numbers = (text: string) =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line).n as number)
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

test('a reader that stops for a while gets everything, and the process neither waits nor burns its time', async () => {
  // It ticks as long as it does not wait: at least two seconds, of which it must not need one.
  const code = `const log = open(path)
    pushRecords(log, 0, 3000, () => 400)
    const begun = () => {
      const before = process.cpuUsage()
      let ticks = 0
      const timer = setInterval(async () => {
        if (++ticks < 200) return
        clearInterval(timer)
        const { user, system } = process.cpuUsage(before)
        process.send({ queued: log.health().queued, cpuMs: (user + system) / 1000 })
        await log.close(60_000); process.disconnect()
      }, 10)
    }
    setImmediate(() => setImmediate(begun))`
  const { child, stdout } = startOnPipe(code)
  const [after] = await once(child, 'message')
  expect(after.queued).toBeGreaterThan(0)
  expect(after.cpuMs).toBeLessThan(1_000)
  expect(numbers(await textOf(stdout))).toEqual(upTo(3000))
  expect(await endOf(child)).toEqual({ code: 0, signal: null })
})

test('20,000 records full of emoji come through a slow pipe unharmed', async () => {
  const code =
    'const log = open(path); pushRecords(log, 0, 9000, (n) => 4 * (n % 200)); await log.flush()\n' +
    'pushRecords(log, 9000, 9000, (n) => 4 * (n % 200)); await log.flush()\n' +
    'pushRecords(log, 18000, 1999, (n) => 4 * (n % 200)); pushRecords(log, 19999, 1, () => 100_000); await log.close(60_000)'
  const { stdout } = startOnPipe(code)
  const chunks: Buffer[] = []
  let reads = 0
  for await (const chunk of stdout) {
    chunks.push(chunk)
    if (reads++ % 20 === 0) await sleep(1)
  }
  const text = Buffer.concat(chunks).toString()
  expect(text).not.toContain('\ufffd')
  expect(numbers(text)).toEqual(upTo(20_000))
})

test('lines stay whole between what the app itself prints', async () => {
  const code = `const log = open(path)
    for (let n = 0; n < 300; n++) { pushRecords(log, n, 1, () => 3000); console.log('x'.repeat(2000)); await new Promise(setImmediate) }
    await log.close(60_000)`
  const text = await textOf(startOnPipe(code).stdout)
  const whole = text.match(/\{"n":\d+,"pid":\d+,"text":"(?:😀){750}"\}\n/g)
  expect(whole?.map((line) => JSON.parse(line).n)).toEqual(upTo(300))
})

test('when nobody reads any more the process goes on, says so once and counts the records as lost', async () => {
  const code = `const log = open(path); let n = 0
    const timer = setInterval(() => pushRecords(log, n++, 1), 2)
    process.once('message', async () => {
      while (log.health().lost < 600) await new Promise((resolve) => setTimeout(resolve, 5))
      clearInterval(timer); await log.close(1_000); process.send({ n, health: log.health() }); process.disconnect()
    })`
  const { child, stdout } = startOnPipe(code)
  const head = spawn('head', ['-1'], { stdio: ['pipe', 'pipe', 'ignore'] })
  head.stdin.on('error', () => {})
  stdout.pipe(head.stdin)
  await once(head, 'exit')
  stdout.destroy()
  const errors = textOf(child.stderr)
  child.send('go')
  const [{ n, health }] = await once(child, 'message')
  expect(health).toMatchObject({ queued: 0, dropped: 0, refused: 0, lastError: 'STDOUT_NOT_WRITTEN', failing: true })
  expect(health.lost).toBeGreaterThan(0)
  expect(health.delivered + health.lost).toBe(n)
  expect(await errors).toBe('STDOUT_NOT_WRITTEN\n')
  expect(await endOf(child)).toEqual({ code: 0, signal: null })
})

test('a reader that never reads holds up the exit for about a second, not for ever', async () => {
  const { child } = startOnPipe('const log = open(path); pushRecords(log, 0, 3000, () => 400); process.exit(0)')
  expect(await endOf(child)).toEqual({ code: 0, signal: null })
})
