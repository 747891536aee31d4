// Run by node:test, and by jest, which has its own `test`.
import { createAuditLog } from 'griffier'
import { expectAudited, memorySink } from 'griffier/testing'

const test = globalThis.test ?? (await import('node:test')).test

test('the kit finds a record, and says what there is instead of a missing one', async () => {
  const sink = memorySink()
  const audit = createAuditLog({ logHandler: sink, loggerName: 'kit' })
  await audit.logger().info('Bicycle sold').sendLog()
  await expectAudited(sink, { message: 'Bicycle sold' })
  const missing = await expectAudited(sink, { message: 'Bicycle lost' }).catch((error) => error)
  await audit.close()
  if (!/Bicycle lost.*Bicycle sold/s.test(missing.message)) throw missing
})

test('a missing record is told before the test runner gives up', async () => {
  await expectAudited(memorySink(), { message: 'Never came' })
})
