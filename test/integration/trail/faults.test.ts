import { describe, expect, test } from 'vitest'
import { allCases } from '../../trail/fault-cases.ts'
import { askUnderFaults } from '../../trail/faulty.ts'

describe.each(['written', 'durable', 'recorded-first'] as const)('a server with a trail, %s', (guarantee) => {
  describe.each(['open', 'closed'] as const)('that fails %s', (onFailure) => {
    test.each(allCases)('keeps its word when this fails: %s', async (_, faults) => {
      expect((await askUnderFaults({ guarantee, onFailure, faults })).faults).toEqual([])
    })
  })
})
