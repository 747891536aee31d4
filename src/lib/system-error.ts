/** Whether the thrown value is a system error of this code, such as `'ENOENT'`. */
export function isSystemError(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code
}
