const POOL_BYTES = 10 * 256
const hex: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const pool = new Uint8Array(POOL_BYTES)
let used = POOL_BYTES

/**
 * A UUID version 7 (RFC 9562, 5.7): 48 bits of time in milliseconds, 74 random bits.
 * Random bytes are drawn in bulk: one draw a record would cost more than the rest of its making.
 */
export function uuidv7(epochMs: number): string {
  if (used === POOL_BYTES) {
    crypto.getRandomValues(pool)
    used = 0
  }
  const time = epochMs.toString(16).padStart(12, '0')
  const byte = (): string => hex[pool[used++] as number] as string
  const version = hex[0x70 | ((pool[used++] as number) & 0x0f)] as string
  const variant = hex[0x80 | ((pool[used++] as number) & 0x3f)] as string
  return `${time.slice(0, 8)}-${time.slice(8)}-${version}${byte()}-${variant}${byte()}-${byte()}${byte()}${byte()}${byte()}${byte()}${byte()}`
}
