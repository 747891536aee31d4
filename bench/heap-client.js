// The client of heap.js: told { from, to }, sends the requests of those numbers over keep-alive sockets and says when each is answered.
import { connect } from 'node:net'

const SOCKETS = 20
const port = Number(process.argv[2])
const sockets = Array.from({ length: SOCKETS }, () => connect({ port, host: '127.0.0.1', noDelay: true }))

let next = 0
let end = 0
let busy = 0

function ask(socket) {
  if (next === end) {
    busy--
    if (busy === 0) process.send('done')
    return
  }
  const number = next++
  socket.write(`GET /${number}?page=${number} HTTP/1.1\r\nHost: app.example.org\r\nUser-Agent: soak/${number}\r\n\r\n`)
}

/** All answers are equally long: the first one says how long. */
function listen(socket) {
  let head = ''
  let length = Number.POSITIVE_INFINITY
  let received = 0
  socket.on('data', (bytes) => {
    received += bytes.length
    if (length === Number.POSITIVE_INFINITY) {
      head += bytes.toString('latin1')
      length = lengthOf(head)
    }
    if (received > length) throw new Error(`an answer of ${received} bytes instead of ${length}`)
    if (received < length) return
    received = 0
    ask(socket)
  })
}

function lengthOf(head) {
  const bodyAt = head.indexOf('\r\n\r\n') + 4
  const declared = /^HTTP\/1\.1 200 .*\r\ncontent-length: (\d+)\r\n/is.exec(head)
  return bodyAt === 3 || declared === null ? Number.POSITIVE_INFINITY : bodyAt + Number(declared[1])
}

for (const socket of sockets) listen(socket)

process.on('message', ({ from, to }) => {
  next = from
  end = to
  busy = SOCKETS
  for (const socket of sockets) ask(socket)
})
process.on('disconnect', () => {
  for (const socket of sockets) socket.destroy()
})
