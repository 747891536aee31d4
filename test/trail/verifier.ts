/*
 * A process that verifies trails while others write them, however busy their disk keeps their threads: it takes `{ directory, key }`, and answers
 * with what is wrong, in order.
 */
import { verifyTrail } from '../../src/verify/verify-trail.ts'

process.on('message', async ({ directory, key }: { directory: string; key: string }) => {
  try {
    const { verdict, faults, size } = await verifyTrail(directory, { keys: [key] })
    process.send?.({ size, faults: verdict === 'passed' ? [] : faults.map((fault) => JSON.stringify(fault)) })
  } catch (error) {
    process.send?.({ size: 0, faults: [String(error)] })
  }
})
