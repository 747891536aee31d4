import { once } from 'node:events'
import type { RequestHandler } from 'express'
import express from 'express'
import { expect, it } from 'vitest'
import { expressAudit } from '../../src/adapters/express.ts'
import { nodeAudit } from '../../src/adapters/node.ts'
import type { AuditRecord } from '../../src/record/record.ts'
import { type Opened, open, postJson, quietApp, serve, sleep } from './audited.ts'

const COUNT = 500
const all = Array.from({ length: COUNT }, (_, n) => n)

function pause(): Promise<void> {
  const ms = Math.floor(Math.random() * 12)
  return ms === 0 ? new Promise((resolve) => setImmediate(resolve)) : sleep(ms)
}

/** Everything that a record says of a request's number. */
function numbersIn({
  http_request,
  http_response,
  user,
  filter,
  results,
  message,
  request_id,
}: AuditRecord): unknown[] {
  const numbers = [
    http_request?.url,
    http_response?.headers['x-n'],
    user?.email,
    filter?.terms,
    results,
    message,
    request_id,
  ]
  return numbers.map((text) => Number(/n(\d+)n/.exec(JSON.stringify(text))?.[1]))
}

async function expectNoneMixed({ records, errors }: Opened, port: number): Promise<void> {
  const answers = await Promise.all(
    all.map((n) =>
      postJson(port, `/page/n${n}n`, { n, padding: 'x'.repeat(n * 7) }, { 'x-request-id': `n${n}n` }).then(
        ({ headers }) => headers['x-n'],
      ),
    ),
  )
  expect(answers).toEqual(all.map((n) => `n${n}n`))
  const made = await records(COUNT)
  const seen = made.map((record) => {
    const numbers = numbersIn(record)
    expect(new Set(numbers).size, JSON.stringify(record)).toBe(1)
    return numbers[0] as number
  })
  expect(seen.sort((a, b) => a - b)).toEqual(all)
  expect(new Set(made.map(({ id }) => id)).size).toBe(COUNT)
  expect(errors).toEqual([])
}

it(`none of ${COUNT} requests at once has anything of another in its record, on Express`, async () => {
  const opened = open()
  const signIn: RequestHandler = async (req, _res, next) => {
    await pause()
    Object.assign(req, { user: { email: `n${req.body.n}n@example.org` } })
    next()
  }
  const handler: RequestHandler = async (req, res) => {
    const { n } = req.body as { n: number }
    req.auditLog.setFilter('Thing', ['n'], `n${n}n`)
    await pause()
    opened.audit.current().setResults([{ id: `n${n}n` }])
    res.set('x-n', `n${n}n`)
    await pause()
    if (n % 2 === 0) opened.audit.current().info(`n${n}n`)
    else await new Promise<void>((resolve) => setTimeout(() => resolve(void opened.audit.current().info(`n${n}n`)), 1))
    res.send('x')
  }
  const app = quietApp().use(expressAudit(opened.audit), express.json(), signIn, handler)
  await expectNoneMixed(opened, await serve(app))
})

it(`none of ${COUNT} requests at once has anything of another in its record, on node:http`, async () => {
  const opened = open({
    userFromRequest: async (req: { n: number }) => {
      await pause()
      return { email: `n${req.n}n@example.org` }
    },
  })
  const port = await serve(
    nodeAudit(opened.audit)(async (req, res) => {
      let text = ''
      req.setEncoding('utf8').on('data', (chunk) => (text += chunk))
      await once(req, 'end')
      const { n } = JSON.parse(text) as { n: number }
      Object.assign(req, { n })
      opened.audit.current().setFilter('Thing', ['n'], `n${n}n`)
      await pause()
      opened.audit.current().setResults(`n${n}n`).warning(`n${n}n`)
      res.writeHead(200, { 'x-n': `n${n}n` })
      await pause()
      res.end('x')
    }),
  )
  await expectNoneMixed(opened, port)
})
