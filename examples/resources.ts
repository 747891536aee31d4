import assert from 'node:assert/strict'
import { memorySink } from 'griffier/testing'
import { urlOf } from './support/serve.ts'

const sink = memorySink()
const bicycles = new Map([
  ['1', { id: '1', colour: 'red' }],
  ['2', { id: '2', colour: 'blue' }],
])

// #region use
import express from 'express'
import { expressAudit } from 'griffier/express'
import { auditResource } from 'griffier/resources'

const bicycle = auditResource('Bicycle', { terms: ['colour'], listResults: true })

const app = express()
app.use(expressAudit({ logHandler: sink }), express.json())
app.get(
  '/bicycles',
  bicycle((req, res) => {
    res.json([...bicycles.values()].filter(({ colour }) => colour === req.query.colour))
  }),
)
app.get(
  '/bicycles/:id',
  bicycle((req, res) => {
    const found = bicycles.get(req.params.id)
    if (found === undefined) res.sendStatus(404)
    else res.json(found)
  }),
)
app.post(
  '/bicycles',
  bicycle((req, res) => {
    res.status(201).json({ id: '3', ...req.body })
  }),
)
// #endregion

const server = app.listen()
const url = await urlOf(server)
const headers = { 'content-type': 'application/json' }
for (const [path, init] of [
  ['/bicycles?colour=red&page=1', {}],
  ['/bicycles/2', {}],
  ['/bicycles/9', {}],
  ['/bicycles', { method: 'POST', body: '{"colour":"green"}', headers }],
] as const) {
  await (await fetch(url + path, init)).text()
}
server.close()

const [list, one, none, created] = await sink.waitFor(4, 30_000)
assert.deepEqual(list?.filter, { object: 'Bicycle', kwargs: { colour: 'red' } })
assert.deepEqual([list?.message, list?.results], ['List Bicycle', [{ id: '1' }]])
assert.deepEqual(one?.filter, { object: 'Bicycle', kwargs: { id: '2' } })
assert.deepEqual([one?.message, one?.results], ['Retrieve Bicycle', { id: '2' }])
assert.deepEqual([none?.message, none?.results, none?.outcome], ['Retrieve Bicycle', undefined, 'failure'])
assert.deepEqual([created?.message, created?.results], ['Created Bicycle object', { id: '3' }])
console.log('resources: 4 requests, each with its own words')
