import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Who is signed in. */
export interface Clerk {
  readonly id: string
  readonly email: string
  readonly roles: readonly string[]
}

const clerks: readonly (Clerk & { readonly password: string })[] = [
  { id: 'jane', email: 'jane@example.org', roles: ['editor'], password: 'correct-horse' },
  { id: 'piet', email: 'piet@example.org', roles: ['viewer'], password: 'battery-staple' },
]

/** Who may work with the register: sessions by cookie, kept in memory. */
export class Sessions {
  readonly #open = new Map<string, Clerk>()

  /** The new session's id; undefined where the password is wrong. */
  signIn(email: string, password: string): string | undefined {
    const clerk = clerks.find((each) => each.email === email && each.password === password)
    return clerk === undefined ? undefined : this.#begin(clerk)
  }

  /** The same for single sign-on, which has checked who it is. */
  signInAs(id: string): string | undefined {
    const clerk = clerks.find((each) => each.id === id)
    return clerk === undefined ? undefined : this.#begin(clerk)
  }

  signOut(req: IncomingMessage): void {
    this.#open.delete(sessionIdOf(req))
  }

  clerkOf(req: IncomingMessage): Clerk | undefined {
    return this.clerkIn(sessionIdOf(req))
  }

  clerkIn(session: string): Clerk | undefined {
    return this.#open.get(session)
  }

  #begin({ id, email, roles }: Clerk): string {
    const session = randomUUID()
    this.#open.set(session, { id, email, roles })
    return session
  }
}

function sessionIdOf(req: IncomingMessage): string {
  return /(?:^|; )sid=([^;]+)/.exec(req.headers.cookie ?? '')?.[1] ?? ''
}
