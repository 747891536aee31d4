import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/verify/verdict.ts'
import { verify } from './scratch.ts'
import { attacks, type Expectation, leftBehind, older, whole } from './tampering.ts'
import { filesOf } from './trail-builder.ts'

const checkpoints = [{ name: 'older', bytes: older }]
const said = ({ verdict }: Verdict): Expectation => (verdict === 'passed' ? 'hidden' : 'shows')

describe('tampering', () => {
  it('is what makes the trail fail, which is whole without', async () => {
    expect(await verify(filesOf(whole), { checkpoints })).toMatchObject({ verdict: 'passed', size: 600, faults: [] })
  })

  for (const who of ['writer', 'signer'] as const) {
    it.each(attacks)(`by a ${who}: $name`, async (attack) => {
      for (const files of leftBehind(attack, who)) {
        const found = [said(await verify(files)), said(await verify(files, { checkpoints }))]
        expect(found).toEqual(attack[who])
      }
    })
  }

  it('tells of records that nothing proves', async () => {
    const told = attacks.filter(({ name }) => name.endsWith('told as not proven'))
    const verdicts = await Promise.all(
      told.flatMap((attack) => leftBehind(attack, 'writer')).map((files) => verify(files)),
    )
    expect(verdicts.map(({ unproven }) => unproven.records)).toEqual([300, 1])
    expect(verdicts.map(({ unproven }) => unproven.firstTime)).toEqual([
      '2026-11-25T09:05:00.000Z',
      '2026-11-25T09:10:00.000Z',
    ])
  })
})
