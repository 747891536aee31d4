/*
 * What every adapter keeps to, on real servers. An adapter's test hands over its framework's app:
 *
 *   adapterContract('Express 5', mount, { row: 'Express 5', keepsErrors: true })
 *
 * `mount` starts an app with the routes that `MountOptions` names. How frameworks differ is in `Quirks`, as data.
 */
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { keepsContext } from './adapter/context.ts'
import { endings } from './adapter/endings.ts'
import { holdsAsThePageSays } from './adapter/guarantees.ts'
import { doesNoHarm } from './adapter/harmless.ts'
import type { Mount, Quirks } from './adapter/harness.ts'
import { holds } from './adapter/holds.ts'
import { overHttp1 } from './adapter/http1.ts'
import { overHttp2 } from './adapter/http2.ts'
import { recordsFirst } from './adapter/intents.ts'
import { livesWithOthers } from './adapter/layers.ts'
import { keepsToTrail } from './adapter/trails.ts'

export function adapterContract(name: string, mount: Mount, quirks: Quirks): void {
  describe(`${name} keeps to the contract of adapters:`, () => {
    const warnings: string[] = []
    const warned = (warning: Error): void => {
      if (warning.name !== 'ExperimentalWarning') warnings.push(String(warning))
    }
    beforeEach(() => void process.on('warning', warned))
    afterEach(() => {
      process.off('warning', warned)
      expect(warnings.splice(0), 'warnings of the process').toEqual([])
    })

    endings(mount, quirks)
    doesNoHarm(mount, quirks)
    keepsContext(mount, quirks)
    livesWithOthers(mount, quirks)
    holds(mount, quirks)
    recordsFirst(mount, quirks)
    keepsToTrail(mount, quirks)
    holdsAsThePageSays(mount, quirks)
    if (quirks.protocol === 'http2') overHttp2(mount)
    else overHttp1(mount, quirks)
  })
}
