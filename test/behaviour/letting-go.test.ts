import { AsyncResource } from 'node:async_hooks'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { nodeAudit } from '../../src/adapters/node.ts'
import { open, send, serve } from './audited.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const MOST_ROUNDS = 500

it('a request is let go once its record is made, also by what its handler left running', async () => {
  const { audit, record } = open()
  let request: WeakRef<object> | undefined
  let left: AsyncResource | undefined
  const audited = nodeAudit(audit)
  const port = await serve(
    audited((req, res) => {
      request = new WeakRef(req)
      // As a timer or a socket would, this keeps the scope that it was made in.
      left = new AsyncResource('left')
      res.end()
    }),
  )
  await send(port, '/')
  await record()
  for (let round = 0; round < MOST_ROUNDS && request?.deref() !== undefined; round++) {
    await setTimeout(round)
    collectGarbage()
  }
  expect(left).toBeDefined()
  expect(request).toBeDefined()
  expect(request?.deref() === undefined).toBe(true)
})
