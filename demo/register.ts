import { pipeline, Readable } from 'node:stream'
import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from 'express'
import { Bicycles } from './bicycles.ts'
import type { Sessions } from './sessions.ts'

/** The city's bicycle register. `audit` is mounted first, so that nothing is answered before it. */
export function createRegister(audit: RequestHandler, sessions: Sessions, papers: string): Express {
  const bicycles = new Bicycles()
  const app = express()
  app.use(audit)
  app.get('/health', (_req, res) => void res.send('ok'))
  app.use(express.json())
  addSessions(app, sessions)
  addReading(app, bicycles, sessions, papers)
  addChanges(app, bicycles, sessions)
  app.get('/statistics', () => {
    throw new Error('the database said no: postgres://register:hunter2@db.internal/bicycles')
  })
  app.use(answerError)
  return app
}

function addSessions(app: Express, sessions: Sessions): void {
  app.post('/session', (req, res) => {
    const { email, password } = req.body as { readonly email: string; readonly password: string }
    const session = sessions.signIn(email, password)
    if (session === undefined) {
      req.auditLog.setFilter('Session', { email, password }).warning('Sign-in refused')
      res.status(401).json({ error: 'wrong e-mail or password' })
      return
    }
    req.auditLog.setUser(sessions.clerkIn(session)).info('Signed in')
    res.cookie('sid', session, { httpOnly: true }).json({ ok: true })
  })
  app.get('/sso', (req, res) => {
    const session = sessions.signInAs('piet') ?? ''
    req.auditLog.setUser({ ...sessions.clerkIn(session), provider: 'city-sso' }).info('Signed in')
    res.cookie('sid', session, { httpOnly: true }).redirect(`/bicycles?colour=red&session=${session}`)
  })
  app.delete('/session', (req, res) => {
    req.auditLog.info('Signed out')
    sessions.signOut(req)
    res.clearCookie('sid').sendStatus(204)
  })
}

function addReading(app: Express, bicycles: Bicycles, sessions: Sessions, papers: string): void {
  app.get('/bicycles', (req, res) => {
    const colour = String(req.query.colour)
    const found = bicycles.ofColour(colour).map(({ id, frame }) => ({ id, frame }))
    req.auditLog.setFilter('Bicycle', ['colour'], colour).setResults(found).info('Searched bicycles')
    res.json(found)
  })
  app.get('/bicycles/:id', needsRole(sessions, 'viewer', 'editor'), (req, res) => {
    const bicycle = bicycles.get(Number(req.params.id))
    if (bicycle === undefined) return void res.status(404).json({ error: 'no such bicycle' })
    req.auditLog.setFilter('Bicycle', { id: bicycle.id }).setResults(bicycle).info('Opened a bicycle and its owner')
    res.json(bicycle)
  })
  app.get('/bicycles/:id/papers', needsRole(sessions, 'viewer', 'editor'), (req, res) => {
    req.auditLog.setFilter('Papers', { bicycle: req.params.id }).info('Downloaded papers')
    res.download(papers, 'papers.txt')
  })
  app.get('/export', needsRole(sessions, 'editor'), (req, res) => {
    req.auditLog.setFilter('Bicycle', { all: true }).warning('Exported the whole register')
    res.type('csv')
    // A client that leaves half-way is no error of ours; the record says that it left.
    pipeline(Readable.from(bicycles.history(), { objectMode: false }), res, () => undefined)
  })
}

function addChanges(app: Express, bicycles: Bicycles, sessions: Sessions): void {
  app.patch('/bicycles/:id', needsRole(sessions, 'editor'), (req, res) => {
    const { colour } = req.body as { readonly colour: string }
    const changed = bicycles.repaint(Number(req.params.id), colour)
    if (changed === undefined) return void res.status(404).json({ error: 'no such bicycle' })
    req.auditLog.setFilter('Bicycle', { id: changed.id, colour }).info('Changed the colour of a bicycle')
    res.json({ id: changed.id, colour })
  })
  app.delete('/bicycles/:id', needsRole(sessions, 'editor'), (req, res) => {
    const id = Number(req.params.id)
    if (!bicycles.remove(id)) return void res.status(404).json({ error: 'no such bicycle' })
    req.auditLog.setFilter('Bicycle', { id }).warning('Removed a bicycle')
    res.sendStatus(204)
  })
}

function needsRole(sessions: Sessions, ...roles: readonly string[]): RequestHandler<Record<string, string>> {
  return (req, res, next) => {
    const clerk = sessions.clerkOf(req)
    if (clerk?.roles.some((role) => roles.includes(role))) return next()
    req.auditLog.warning(clerk === undefined ? 'Not signed in' : `Needs the role ${roles.join(' or ')}`)
    res.status(clerk === undefined ? 401 : 403).json({ error: 'not allowed' })
  }
}

// Express takes a function for an error handler by its four parameters.
function answerError(error: Error, req: Request, res: Response, next: NextFunction): void {
  req.auditLog.error(`Failed: ${error.message}`)
  if (res.headersSent) next(error)
  else res.status(500).json({ error: 'Something went wrong; it has been noted.' })
}
