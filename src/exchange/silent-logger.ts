import { AnnotatingLogger } from '../record/annotating-logger.ts'
import { Annotations } from '../record/annotations.ts'
import type { Logger } from '../record/logger.ts'
import type { Redactor } from '../record/redaction.ts'

/** A logger that does nothing, for requests that leave no record and for code outside of any request. */
export class SilentLogger extends AnnotatingLogger {
  readonly #used: (() => void) | undefined

  constructor(redactor: Redactor, used?: () => void) {
    super(redactor, new Annotations())
    this.#used = used
  }

  protected admits(): boolean {
    this.#used?.()
    return false
  }

  setHttpRequest(): this {
    this.admits()
    return this
  }

  setHttpResponse(): this {
    this.admits()
    return this
  }

  setUser(): this {
    this.admits()
    return this
  }

  event(): Logger {
    this.admits()
    return this
  }

  sendLog(): Promise<void> {
    this.admits()
    return Promise.resolve()
  }
}
