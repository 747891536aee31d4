import { once } from 'node:events'
import { connect } from 'node:net'

/** What the register was asked, and what a record of it must not hold. */
export interface Visit {
  /** The `X-Request-Id` of each request that must have a record. */
  readonly sent: readonly string[]
  /** Requests that cannot carry an id, as they are not HTTP. */
  readonly unnamed: number
  /** Requests to an exempt path. */
  readonly exempt: number
  readonly secrets: readonly string[]
}

const cityHall = '203.0.113.7'
const elsewhere = '198.51.100.20'

/** Where the register is, what to do at each step, and how to wait until so many records are there in all. */
export interface Stage {
  readonly url: string
  step(title: string): void
  recorded(count: number): Promise<void>
}

/** A day at the register, as a browser behind the city's proxy, a careless script and a stranger make it. */
export async function visit(stage: Stage): Promise<Visit> {
  const visitor = new Visitor(stage)
  await visitor.signIn()
  await visitor.work()
  await visitor.misbehave()
  await visitor.leave()
  return visitor
}

class Visitor implements Visit {
  readonly sent: string[] = []
  readonly secrets: string[] = []
  unnamed = 0
  exempt = 0
  readonly #stage: Stage
  readonly #port: number
  #cookie = ''

  constructor(stage: Stage) {
    this.#stage = stage
    this.#port = Number(new URL(stage.url).port)
  }

  async signIn(): Promise<void> {
    await this.#step('Somebody looks for red bicycles, with a token in the address', () =>
      this.#ask('GET', `/bicycles?colour=red&token=${this.#secret('tok-5f1d')}`, { from: elsewhere }),
    )
    await this.#step('Jane signs in, with a wrong password', () =>
      this.#ask('POST', '/session', { body: { email: 'jane@example.org', password: this.#secret('wrong-horse') } }),
    )
    await this.#step('… and with the right one', () =>
      this.#ask('POST', '/session', { body: { email: 'jane@example.org', password: this.#secret('correct-horse') } }),
    )
  }

  async work(): Promise<void> {
    await this.#step('Jane searches', () =>
      this.#ask('GET', `/bicycles?colour=red&api_key=${this.#secret('key-77aa')}`),
    )
    this.#secret('123456782')
    await this.#step('… opens a bicycle', () => this.#ask('GET', '/bicycles/2'))
    await this.#step('… has it repainted', () => this.#ask('PATCH', '/bicycles/2', { body: { colour: 'green' } }))
    await this.#step('… downloads its papers', () => this.#ask('GET', '/bicycles/2/papers'))
    await this.#step('… removes another', () => this.#ask('DELETE', '/bicycles/3'))
    await this.#step('… begins to export everything, and closes the window half-way', () =>
      this.#leaveHalfWay('/export'),
    )
    await this.#step('… asks for a page that is not there', () => this.#ask('GET', '/tricycles'))
    this.#secret('hunter2')
    await this.#step('… and for one that fails', () => this.#ask('GET', '/statistics'))
    await this.#step('A load balancer asks whether all is well, which is exempt', async () => {
      await fetch(`${this.#stage.url}/health`)
      this.exempt++
    })
  }

  async misbehave(): Promise<void> {
    const jane = this.#cookie
    await this.#step('Piet signs in by single sign-on: the code is a secret, the state is not', () =>
      this.#ask('GET', `/sso?code=${this.#secret('c0de-9b3e')}&state=af0ifjsldkj`, { from: elsewhere }),
    )
    await this.#step('… and tries to remove a bicycle, with a bearer token for good measure', () =>
      this.#ask('DELETE', '/bicycles/1', {
        from: elsewhere,
        headers: { authorization: `Bearer ${this.#secret('eyJhbGciOi')}` },
      }),
    )
    this.#cookie = ''
    await this.#step('Somebody behind the proxy claims to be at city hall: the proxy knows better', () =>
      this.#ask('GET', '/bicycles/1', { from: `${cityHall}, ${elsewhere}` }),
    )
    await this.#step('Somebody goes round the proxy and claims it too', () => this.#goRound('/bicycles/1'))
    await this.#step('A script sends three requests in one packet', () =>
      this.#raw(['/bicycles?colour=red', '/bicycles?colour=blue', '/bicycles?colour=green']),
    )
    await this.#step('A scanner sends what is not HTTP', () => this.#scan())
    this.#cookie = jane
  }

  async leave(): Promise<void> {
    await this.#step('Jane signs out', () => this.#ask('DELETE', '/session'))
    await this.#step('… and finds that her session is over', () => this.#ask('GET', '/bicycles/2'))
  }

  async #step(title: string, act: () => Promise<void>): Promise<void> {
    this.#stage.step(title)
    await act()
    await this.#stage.recorded(this.sent.length + this.unnamed)
  }

  async #ask(
    method: string,
    path: string,
    { from = cityHall, body, headers }: { from?: string; body?: object; headers?: Record<string, string> } = {},
  ): Promise<void> {
    const response = await fetch(this.#stage.url + path, {
      method,
      redirect: 'manual',
      headers: {
        'x-request-id': this.#nextId(),
        'x-forwarded-for': from,
        cookie: this.#cookie,
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    await response.arrayBuffer()
    const session = /^sid=[^;]+/.exec(response.headers.get('set-cookie') ?? '')?.[0]
    if (session === undefined) return
    this.#cookie = session
    this.#secret(session.slice('sid='.length))
  }

  async #leaveHalfWay(path: string): Promise<void> {
    const socket = connect(this.#port, '127.0.0.1')
    socket.write(this.#request(path, `X-Forwarded-For: ${cityHall}\r\nCookie: ${this.#cookie}\r\n`))
    await once(socket, 'data')
    socket.destroy()
    await once(socket, 'close')
  }

  /** From another address than the proxy's, where the system has more than one for itself. */
  async #goRound(path: string): Promise<void> {
    const text = this.#request(path, `X-Forwarded-For: ${cityHall}\r\nConnection: close\r\n`)
    const socket = connect({ port: this.#port, host: '127.0.0.1', localAddress: '127.0.0.2' })
    try {
      await once(socket, 'connect')
    } catch {
      this.sent.pop()
      return
    }
    socket.resume().write(text)
    await once(socket, 'close')
  }

  async #raw(paths: readonly string[]): Promise<void> {
    const socket = connect(this.#port, '127.0.0.1')
    const last = paths.length - 1
    const header = `X-Forwarded-For: ${elsewhere}\r\n`
    socket
      .resume()
      .write(
        paths
          .map((path, index) => this.#request(path, index === last ? `${header}Connection: close\r\n` : header))
          .join(''),
      )
    await once(socket, 'close')
  }

  async #scan(): Promise<void> {
    const socket = connect(this.#port, '127.0.0.1')
    socket.resume().write('\x16\x03\x01 hello?\r\n\r\n')
    this.unnamed++
    await once(socket, 'close')
  }

  #request(path: string, headers: string): string {
    return `GET ${path} HTTP/1.1\r\nHost: ${new URL(this.#stage.url).host}\r\nX-Request-Id: ${this.#nextId()}\r\n${headers}\r\n`
  }

  #nextId(): string {
    const id = `visit-${this.sent.length + 1}`
    this.sent.push(id)
    return id
  }

  #secret(text: string): string {
    this.secrets.push(text)
    return text
  }
}
