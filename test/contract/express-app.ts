import http from 'node:http'
import compression from 'compression'
import express5, { type ErrorRequestHandler } from 'express'
import express4 from 'express4'
import { expressAudit } from '../../src/adapters/express.ts'
import { annotate, type Mount } from './adapter/harness.ts'
import { serve } from './node-app.ts'

/** Mounts the contract's app on Express. */
export function mountExpress(version: 4 | 5): Mount {
  return async ({ audits, raw, compression: compresses }) => {
    const express = version === 5 ? express5 : (express4 as unknown as typeof express5)
    const app = express()
    app.set('env', 'test')
    if (compresses === 'outside') app.use(compression({ threshold: 0 }))
    for (const audit of audits) app.use(expressAudit(audit))
    if (compresses === 'inside') app.use(compression({ threshold: 0 }))
    app.use('/raw', (req, res) => raw(req, res))
    app.get('/text', (_req, res) => void res.type('text/plain').send('hello'))
    app.get('/status/:code', (req, res) => void res.status(Number(req.params.code)).send(`status ${req.params.code}`))
    app.get('/throw', () => {
      throw new Error('db down')
    })
    app.get('/reject', async (_req, _res, next) => {
      const failing = Promise.reject(new Error('db down'))
      // Express 4 does not see rejections: its apps pass them on.
      await (version === 5 ? failing : failing.catch(next))
    })
    app.get('/teapot', (_req, _res, next) => next(new Error('teapot')))
    app.get('/cookies', (_req, res) => void res.cookie('a', '1', { path: undefined }).append('Set-Cookie', 'b=2').end())
    app.get('/etag', (_req, res) => void res.set('ETag', '"a"').send('hello'))
    app.post('/length', async (req, res) => {
      await new Promise((resolve) => setTimeout(resolve, 100))
      let length = 0
      for await (const chunk of req) length += (chunk as Buffer).length
      res.send(String(length))
    })
    app.post('/parsed', express.json(), (_req, res) => {
      audits[0]?.current().info('parsed')
      res.end()
    })
    app.get('/annotate/:id', async (req, res) => {
      await annotate(req.params.id, req.auditLog)
      res.send(req.params.id)
    })
    const nested = express.Router()
    nested.use((req, res) => void res.send(req.url))
    app.use('/nested', nested)
    const teapot: ErrorRequestHandler = (error, _req, res, next) => {
      if (error.message === 'teapot') res.status(418).send('teapot')
      else next(error)
    }
    app.use(teapot)
    return serve(http.createServer(app))
  }
}
