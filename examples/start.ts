// A first record, on standard output.
// #region app
import express from 'express'
import { expressAudit } from 'griffier/express'

const app = express()
app.use(expressAudit())
app.get('/bicycles', (_req, res) => void res.json([{ id: 1 }]))
const server = app.listen(process.env.PORT ?? 3000)

// #endregion

import { urlOf } from './support/serve.ts'

await fetch(`${await urlOf(server)}/bicycles?q=red&token=s3cr3t`, { headers: { 'user-agent': 'curl/8.5.0' } })
server.close()
