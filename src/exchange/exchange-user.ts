import { AuditError, safeReasonOf } from '../lib/errors.ts'
import { isThenable } from '../lib/thenable.ts'
import type { Recorder } from './recorder.ts'
import { readUser, type UserFacts } from './user.ts'
import { ANONYMOUS, userText } from './user-text.ts'

/** How long a record waits for a user that is still being looked up. */
const LOOKUP_WAIT_MS = 5_000

/** Who acts in an exchange, as it becomes known. */
export class ExchangeUser {
  readonly #recorder: Recorder
  /** The best answer that was read. */
  #known: UserFacts = ANONYMOUS
  /** The last answer: mostly it is the same each time. It is read when it comes, and again at the end, as it may have changed. */
  #last: unknown
  /** Answers are numbered as they are asked for, since a look-up may end after a later one. */
  #asked = 0
  #lastAsked = 0
  #knownAsked = 0
  #isSet = false
  #lookup: Promise<void> | undefined
  #stopWaiting: (() => void) | undefined

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  /** Asks who acts, now; the answer may be a promise. The last authenticated answer stays, so that a logout still has its user. */
  ask(source: { user(): unknown }): void {
    if (this.#isSet) return
    this.#asked++
    let answer: unknown
    try {
      answer = source.user()
    } catch (error) {
      this.#notRead(error)
      return
    }
    if (isThenable(answer)) this.#lookUp(answer)
    else if (answer !== undefined && answer !== null) {
      if (answer !== this.#last) this.#note(readUser(answer), this.#asked)
      this.#last = answer
      this.#lastAsked = this.#asked
    }
  }

  /** What the app itself says of the user takes the place of every answer. */
  set(user: unknown): void {
    this.#known = readUser(user) ?? ANONYMOUS
    this.#isSet = true
  }

  /** Settled when no look-up is under way any more, or it took too long; undefined where none is. */
  whenKnown(): Promise<void> | undefined {
    const lookup = this.#lookup
    if (lookup === undefined) return undefined
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LOOKUP_WAIT_MS)
      timer.unref?.()
      this.#stopWaiting = () => {
        clearTimeout(timer)
        resolve()
      }
      void lookup.then(this.#stopWaiting)
    })
  }

  /** Lets what waits for a look-up go on with the user as known. */
  stopWaiting(): void {
    this.#stopWaiting?.()
  }

  /** As known now. */
  get facts(): UserFacts {
    if (this.#last !== undefined) this.#note(readUser(this.#last), this.#lastAsked)
    return this.#known
  }

  /** The user as JSON text, as known now. */
  text(ip: string | null): string {
    return userText(this.facts, ip, this.#recorder)
  }

  /** An authenticated answer is better than another; of two alike, the one that was asked for later. */
  #note(user: UserFacts | null, asked: number): void {
    if (user === null || this.#isSet) return
    const isAlike = user.authenticated === this.#known.authenticated
    if (isAlike ? asked < this.#knownAsked : !user.authenticated) return
    this.#known = user
    this.#knownAsked = asked
  }

  #lookUp(answer: PromiseLike<unknown>): void {
    const earlier = this.#lookup
    const asked = this.#asked
    const settled = Promise.resolve(answer).then(
      (user) => this.#note(readUser(user), asked),
      (error: unknown) => this.#notRead(error),
    )
    this.#lookup = earlier === undefined ? settled : earlier.then(() => settled)
  }

  #notRead(error: unknown): void {
    this.#recorder.report(new AuditError('USER_NOT_READ', { reason: safeReasonOf(error) }, error))
  }
}
