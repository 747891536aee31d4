// An app in ECMAScript modules: one server of node:http, one of Express, one audit log, each kind of handler.
import { once } from 'node:events'
import { createServer } from 'node:http'
import express from 'express'
import { createAuditLog, fileSink, stdoutSink } from 'griffier'
import { expressAudit } from 'griffier/express'
import { nodeAudit } from 'griffier/node'
import { memorySink } from 'griffier/testing'

/** Asks a server for one path, checks the answer, and closes the server. */
async function ask(server, path, expected) {
  if (!server.listening) await once(server, 'listening')
  const answer = await fetch(`http://127.0.0.1:${server.address().port}${path}`)
  const body = await answer.text()
  if (body !== expected) throw new Error(`unexpected answer: ${answer.status} ${body}`)
  server.close()
}

async function main() {
  const memory = memorySink()
  const audit = createAuditLog({
    logHandler: [stdoutSink(), fileSink(process.env.AUDIT_FILE), memory],
    userFromRequest: () => ({ id: 'jane', roles: ['editor'] }),
  })

  const app = express()
  app.use(expressAudit(audit))
  app.get('/bicycles', (req, res) => {
    req.auditLog
      .setFilter('Bicycle', ['colour'], 'red')
      .setResults([{ id: 1 }])
      .info('Searched bicycles')
    res.send('one bicycle')
  })
  await ask(app.listen(0, '127.0.0.1'), '/bicycles?q=red&token=planted-secret', 'one bicycle')

  const handler = nodeAudit(audit)((_req, res) => {
    audit.current().warning('Plain')
    res.end('plain')
  })
  await ask(createServer(handler).listen(0, '127.0.0.1'), '/plain', 'plain')

  await audit.close()
  if (memory.records.length !== 2) throw new Error(`the memory sink has ${memory.records.length} records`)
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
