import { describe, expect, test } from 'vitest'
import { briefCases } from './fault-cases.ts'
import { askUnderFaults, type Fault } from './faulty.ts'

const guarantees = ['written', 'durable'] as const
const onFailures = ['open', 'closed'] as const

describe.each(guarantees)('a server with a trail, %s', (guarantee) => {
  describe.each(onFailures)('that fails %s', (onFailure) => {
    test.each(briefCases)('keeps its word when this fails: %s', async (_, faults) => {
      const { faults: found, hits } = await askUnderFaults({ guarantee, onFailure, faults })
      expect(found).toEqual([])
      expect(hits).toBeGreaterThan(0)
    })
  })

  const noSpace: Fault = { name: 'segments.write', code: 'ENOSPC', count: 8 }

  test('that fails open answers all the same while nothing can be written, and tells how many records it lost', async () => {
    const { faults, lost, refused } = await askUnderFaults({ guarantee, onFailure: 'open', faults: [noSpace] })
    expect({ faults, refused }).toEqual({ faults: [], refused: 0 })
    expect(lost).toBeGreaterThan(5)
  })

  test('that fails closed refuses while nothing can be written, and tells how often', async () => {
    const { faults, lost, refused } = await askUnderFaults({ guarantee, onFailure: 'closed', faults: [noSpace] })
    expect({ faults, lost }).toEqual({ faults: [], lost: 0 })
    expect(refused).toBeGreaterThan(5)
  })
})

describe('a server that records requests first', () => {
  test.each(onFailures)('and fails %s keeps its word when nothing can be written for a while', async (onFailure) => {
    const faults: Fault[] = [{ name: 'segments.write', code: 'ENOSPC', count: 8 }]
    const found = await askUnderFaults({ guarantee: 'recorded-first', onFailure, faults })
    expect(found.faults).toEqual([])
    expect(found.lost + found.refused).toBeGreaterThan(5)
  })
})
