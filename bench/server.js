// One server with one contestant: node server.js SERVER CONTESTANT DIRECTORY. Its records go to stdout.
// Over IPC it says its port; told 'count' it says how many requests it has seen; told 'exit' it leaves.
import { contestants } from './contestants.js'
import { servers } from './servers.js'

const [kind, name, directory] = process.argv.slice(2)

const server = await servers[kind].start(await contestants[name].mount(kind, directory))
let requests = 0
server.prependListener('request', () => {
  requests++
})
process.on('message', (message) => {
  if (message === 'count') process.send({ requests })
  if (message === 'exit') process.exit()
})
process.on('disconnect', () => process.exit())
process.send({ port: server.address().port })
