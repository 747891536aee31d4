import http from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { nodeAudit } from '../../src/adapters/node.ts'
import type { AuditRecord } from '../../src/record/record.ts'
import { auditResource } from '../../src/resources/audit-resource.ts'
import { openAudit } from '../contract/adapter/harness.ts'
import { listen } from '../support/hold-control.ts'
import { PATIENCE_MS } from '../support/time.ts'
import { apps, blue, red } from './apps.ts'

type Create = (typeof apps)[string]

async function recordOf(create: Create, method: string, path: string): Promise<AuditRecord & { body: string }> {
  const { audit, sink } = openAudit()
  const server = await create(audit)
  const { port } = await listen(server)
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await audit.close()
  })
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method })
  const body = await response.text()
  const [record] = await sink.waitFor(1, PATIENCE_MS)
  return { ...(record as AuditRecord), body }
}

const filter = (kwargs: object) => ({ object: 'Bicycle', kwargs })

describe.each(Object.entries(apps))('a resource on %s', (_name, create) => {
  const cases: readonly (readonly [string, string, object, object | undefined, string])[] = [
    ['GET', '/bicycles/1', filter({ id: '1' }), { id: 1 }, 'Retrieve Bicycle'],
    ['HEAD', '/bicycles/1', filter({ id: '1' }), { id: 1 }, 'Retrieve Bicycle'],
    ['GET', '/bicycles', filter({}), undefined, 'List Bicycle'],
    ['GET', '/bicycles?colour=red&page=2', filter({ colour: 'red', page: '2' }), undefined, 'List Bicycle'],
    ['GET', '/listed?colour=red&page=2', filter({ colour: 'red' }), [{ id: 1 }, { id: 2 }], 'List Bicycle'],
    ['POST', '/bicycles', filter({}), { id: 2 }, 'Created Bicycle object'],
    ['PUT', '/bicycles/1', filter({ id: '1' }), { id: 1 }, 'Update of Bicycle'],
    ['PATCH', '/bicycles/7', filter({ id: '7' }), { id: '7' }, 'Partial update of Bicycle'],
    ['DELETE', '/bicycles/1', filter({ id: '1' }), undefined, 'Destroy Bicycle'],
  ]
  test.each(cases)('%s %s', async (method, path, expected, results, message) => {
    const record = await recordOf(create, method, path)
    expect(record).toMatchObject({ filter: expected, message, type: 'INFO', outcome: 'success' })
    expect(record.filter).toEqual(expected)
    expect(record.results).toEqual(results)
  })

  test('what is not found was not shown', async () => {
    const record = await recordOf(create, 'GET', '/bicycles/9')
    expect(record).toMatchObject({ filter: filter({ id: '9' }), message: 'Retrieve Bicycle', outcome: 'failure' })
    expect(record).not.toHaveProperty('results')
  })

  test('what is refused was not created', async () => {
    const record = await recordOf(create, 'POST', '/bicycles?fail=1')
    expect(record).toMatchObject({ message: 'Create Bicycle object', outcome: 'failure' })
    expect(record).not.toHaveProperty('results')
  })

  test('what throws was not created', async () => {
    const record = await recordOf(create, 'POST', '/throws')
    expect(record).toMatchObject({ message: 'Create Bicycle object', http_response: { status_code: 500 } })
    expect(record).not.toHaveProperty('results')
  })

  test('what the handler says itself goes before it', async () => {
    const record = await recordOf(create, 'GET', '/said/1')
    expect(record).toMatchObject({ filter: filter({ id: '1' }), message: 'Looked closely', type: 'WARNING' })
    expect(record.results).toBe('mine')
  })

  test('the client gets what the handler gives', async () => {
    expect(JSON.parse((await recordOf(create, 'GET', '/bicycles')).body)).toEqual([red, blue])
  })
})

describe('a resource', () => {
  test('on node:http, by the method and query alone', async () => {
    const record = await recordOf(
      (audit) =>
        http.createServer(
          nodeAudit(audit)(auditResource('Bicycle')((_req, res: http.ServerResponse) => res.end('[]'))),
        ),
      'GET',
      '/bicycles?colour=red',
    )
    expect(record).toMatchObject({ filter: filter({ colour: 'red' }), message: 'List Bicycle' })
  })

  test('may have another key than id', async () => {
    const record = await recordOf(
      (audit) =>
        http.createServer(
          nodeAudit(audit)((req, res) => {
            Object.assign(req, { params: { frame: 'a7' } })
            return auditResource('Bicycle', { key: 'frame' })((_req: object, answer: http.ServerResponse) =>
              answer.end(),
            )(req, res)
          }),
        ),
      'GET',
      '/bicycles/a7',
    )
    expect(record).toMatchObject({
      filter: filter({ frame: 'a7' }),
      message: 'Retrieve Bicycle',
      results: { frame: 'a7' },
    })
  })

  test('redacts what the filter would show', async () => {
    const record = await recordOf(apps.Express as Create, 'GET', '/bicycles?token=s3cret')
    expect(record.filter).toEqual(filter({ token: 'REDACTED' }))
  })

  test('without an audit log, a handler does what it did, and looks the same', () => {
    const handler = (_error: unknown, _req: unknown, _res: unknown, _next: unknown): string => 'answer'
    const audited = auditResource('Bicycle')(handler)
    expect(audited(null, { method: 'GET' }, {}, null)).toBe('answer')
    expect([audited.length, audited.name]).toEqual([4, 'handler'])
  })
})
