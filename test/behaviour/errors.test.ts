import type { NextFunction, Request, Response } from 'express'
import express from 'express'
import express4 from 'express4'
import { expect, test } from 'vitest'
import { expressAudit } from '../../src/adapters/express.ts'
import { open, serve } from './audited.ts'

test.each([
  ['Express 5', express],
  ['Express 4', express4 as unknown as typeof express],
])(
  '%s: the error that an error handler of the app answers is in the record, with the answer it gave',
  async (_name, create) => {
    const { audit, record } = open()
    const app = create()
    app.use(expressAudit(audit))
    app.get('/boom', () => {
      throw new TypeError('db down, password=hunter22')
    })
    app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
      res.status(418).json({ error: error.name })
    })
    app.use((_req, res) => res.status(404).end())
    const port = await serve(app)
    const answer = await fetch(`http://127.0.0.1:${port}/boom`)
    expect([answer.status, await answer.json()]).toEqual([418, { error: 'TypeError' }])
    expect(await record()).toMatchObject({
      http_response: { status_code: 418 },
      error: { type: 'TypeError', message: 'db down, password=REDACTED' },
      outcome: 'failure',
    })
  },
)
