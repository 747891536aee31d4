/* The faults of a disk under which a server with a trail must keep its word. */
import type { Fault } from './faulty.ts'

/** By what fails, in words. */
export type FaultCase = readonly [name: string, faults: readonly Fault[]]

const codes = ['EIO', 'ENOSPC', 'EDQUOT'] as const
const operations = [
  'segments.write',
  'segments.datasync',
  'control/checkpoint.create',
  'control/checkpoint.write',
  'control/checkpoint.datasync',
  'checkpoint.rename',
  'root.syncDirectory',
]
/** Not all of them come in each run. */
const ofTiles = ['control/tile.create', 'control/tile.write', 'tile.rename', 'tile.unlink', 'tile.mkdir']

/** What only happens after something else has failed, and what lasts. */
const longer: readonly FaultCase[] = [
  [
    'a cut after a write',
    [
      { name: 'segments.write', code: 'ENOSPC' },
      { name: 'segments.truncate', code: 'EIO', count: 2 },
    ],
  ],
  [
    'a new segment after a sync',
    [
      { name: 'segments.datasync', code: 'EIO' },
      { name: 'control/segment.create', code: 'ENOSPC', count: 2 },
    ],
  ],
  [
    'the write of a new segment',
    [
      { name: 'segments.datasync', code: 'EIO' },
      { name: 'control/segment.write', code: 'ENOSPC', count: 3 },
    ],
  ],
  [
    'the name of a new segment',
    [
      { name: 'segments.datasync', code: 'EIO' },
      { name: 'segments.rename', code: 'EIO', count: 2 },
    ],
  ],
  [
    'the directory of a new segment',
    [
      { name: 'segments.datasync', code: 'EIO' },
      { name: 'segments.syncDirectory', code: 'EIO', count: 2 },
    ],
  ],
  [
    'the cut of the old segment',
    [
      { name: 'segments.datasync', code: 'EIO' },
      { name: 'segments.truncate', code: 'EIO', count: 3 },
    ],
  ],
  [
    'one sync after another',
    [
      { name: 'segments.datasync', code: 'EIO' },
      { name: 'control/segment.datasync', code: 'EIO', count: 3 },
    ],
  ],
  ['short writes', [{ name: 'segments.write', code: 'short', count: 30 }]],
  [
    'a write that is short, then none',
    [
      { name: 'segments.write', code: 'short' },
      { name: 'segments.write', code: 'ENOSPC', first: 2, count: 5 },
    ],
  ],
]

/** Each operation failing once, with one of the errors. */
export const briefCases: readonly FaultCase[] = [
  ...operations.map((name, place): FaultCase => {
    const code = codes[place % codes.length] as Fault['code']
    return [`${name} with ${code}`, [{ name, code }]]
  }),
  ...longer,
]

/** Each operation with each error, once and for a while. */
export const allCases: readonly FaultCase[] = [
  ...[...operations, ...ofTiles].flatMap((name) =>
    codes.flatMap((code): FaultCase[] => [
      [`${name} with ${code}`, [{ name, code }]],
      [`${name} with ${code} for a while`, [{ name, code, count: 8 }]],
    ]),
  ),
  ...longer,
]
