// One server with one contestant: node server.js node|express CONTESTANT DIRECTORY. Its records go to stdout.
// Over IPC it says its port; told 'count' it says how many requests it has seen; told 'exit' it leaves.
import { createServer } from 'node:http'
import { answer, makeUser, TARGET } from './app.js'
import { contestants } from './contestants.js'

const [kind, name, directory] = process.argv.slice(2)
const path = TARGET.split('?', 1)[0]

function nodeServer({ middleware, wrap, remember }) {
  const handler = (req, res) => {
    req.user = makeUser()
    if (req.url.split('?', 1)[0] === path) answer(req, res, remember)
    else res.writeHead(404).end()
  }
  if (wrap !== undefined) return createServer(wrap(handler))
  if (middleware === undefined) return createServer(handler)
  return createServer((req, res) => middleware(req, res, () => handler(req, res)))
}

async function expressServer({ middleware, remember }) {
  const { default: express } = await import('express')
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  if (middleware !== undefined) app.use(middleware)
  app.use((req, _res, next) => {
    req.user = makeUser()
    next()
  })
  app.get('/api/bicycles/:id', (req, res) => answer(req, res, remember))
  return createServer(app)
}

const mounted = await contestants[name].mount(kind, directory)
const server = kind === 'node' ? nodeServer(mounted) : await expressServer(mounted)
let requests = 0
server.prependListener('request', () => {
  requests++
})
process.on('message', (message) => {
  if (message === 'count') process.send({ requests })
  if (message === 'exit') process.exit()
})
process.on('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
