/** Whether the work has ended within so many milliseconds; rejects as it does. Keeps the process alive meanwhile. */
export function within(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(false), limitMs)
    work.then(() => resolve(true), reject).finally(() => clearTimeout(timer))
  })
}
