import express from 'express'
import { expect, test } from 'vitest'
import { expressAudit } from '../../src/adapters/express.ts'
import type { Settings } from '../../src/audit-log/settings.ts'
import type { AuditRecord } from '../../src/record/record.ts'
import { open, quietApp, serve } from './audited.ts'

async function recordsOf(rules: Settings['rules'], ...paths: string[]): Promise<readonly AuditRecord[]> {
  const { audit, sink } = open({ rules })
  const app = quietApp()
  app.use(expressAudit(audit), (req, _res, next) => {
    Object.assign(req, { user: { id: 'jane', roles: ['clerk'] } })
    next()
  })
  const bicycles = express.Router()
  bicycles.get('/:id', (req, res) => {
    req.auditLog
      .setFilter('Bicycle', { id: req.params.id })
      .setResults([{ id: req.params.id }])
      .warning('looked')
    res.status(Number(req.query.status ?? 200)).json({})
  })
  app.use('/bicycles', bicycles)
  const port = await serve(app)
  for (const path of paths) await (await fetch(`http://127.0.0.1:${port}${path}`)).arrayBuffer()
  await audit.close()
  return sink.records
}

test('the first rule that holds says how much is kept, by what is known at the end', async () => {
  const records = await recordsOf(
    [
      { status: '5xx', keep: 'full' },
      { route: '/bicycles/:id', user: { role: 'clerk' }, keep: 'metadata' },
      { keep: 'none' },
    ],
    '/bicycles/1',
    '/bicycles/2?status=500',
    '/nowhere',
  )
  expect(
    records.map(({ http_request, filter, results, type, message }) => ({
      url: http_request?.url?.split(/\d+\//)[1],
      filter,
      results,
      type,
      message,
    })),
  ).toEqual([
    { url: 'bicycles/1', filter: undefined, results: undefined, type: 'WARNING', message: '' },
    {
      url: 'bicycles/2?status=500',
      filter: { object: 'Bicycle', kwargs: { id: '2' } },
      results: [{ id: '2' }],
      type: 'WARNING',
      message: 'looked',
    },
  ])
})

test('each record names the rules that were in force, where there are any', async () => {
  const [withRules] = await recordsOf([{ path: '^/never', keep: 'none' }], '/bicycles/1')
  const [without] = await recordsOf([], '/bicycles/1')
  expect(withRules?.policy).toMatch(/^[0-9a-f]{16}$/)
  expect(without?.policy).toBeUndefined()
})
