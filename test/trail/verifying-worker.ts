/*
 * A worker that verifies trails while others write them: it takes `{ directory, key }`, and answers with what is wrong, in order.
 */
import { parentPort } from 'node:worker_threads'
import { verifyTrail } from '../../src/verify/verify-trail.ts'

parentPort?.on('message', async ({ directory, key }: { directory: string; key: string }) => {
  try {
    const { verdict, faults, size } = await verifyTrail(directory, { keys: [key] })
    parentPort?.postMessage({ size, faults: verdict === 'passed' ? [] : faults.map((fault) => JSON.stringify(fault)) })
  } catch (error) {
    parentPort?.postMessage({ size: 0, faults: [String(error)] })
  }
})
