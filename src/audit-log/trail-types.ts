import type { KeyObject } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import type { AuditError } from '../lib/errors.ts'
import type { Json } from '../record/record.ts'
import type { SealedRecord } from '../record/sealed-record.ts'

export interface TrailParts {
  readonly settings: {
    readonly directory: string
    readonly key?: string | KeyObject | undefined
    readonly origin?: string | undefined
    readonly heartbeatMs: number
    readonly allowNetworkFs: boolean
  }
  readonly loggerName: string
  readonly clock: Clock
  readonly newId: (time: number) => string
  readonly inForce: Json
  readonly counters: () => { recorded: number; lost: number; refused: number }
  readonly durable: (records: readonly SealedRecord[]) => void
  readonly report: (error: AuditError) => void
  readonly syncTimeoutMs: number
}

export interface Trail {
  readonly ready: Promise<void>
  append(record: SealedRecord, until: 'written' | 'durable'): Promise<void>
  appendIntent(record: SealedRecord, exchange: string): Promise<void>
  missed(what: 'lost' | 'refused', reason: string): void
  health(): {
    directory: string
    state: 'opening' | 'ok' | 'failing' | 'closed'
    lock: 'flock' | 'file' | null
    size: number
    durableSize: number
    checkpoint: number
    error: string | null
  }
  flush(): Promise<void>
  close(timeoutMs: number): Promise<void>
  endSync(): void
}
