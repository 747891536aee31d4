import type { AuditRecord } from './record.ts'

/** A finished record. Its native line is the truth; the object is read from it, once, when somebody asks. */
export class SealedRecord {
  readonly id: string
  /** The native line, without its newline. */
  readonly line: string
  #record: AuditRecord | undefined

  constructor(id: string, line: string) {
    this.id = id
    this.line = line
  }

  /** The record as an object, frozen at every depth. */
  get record(): AuditRecord {
    this.#record ??= deepFreeze(JSON.parse(this.line) as AuditRecord)
    return this.#record
  }
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) deepFreeze(part)
  }
  return value
}
