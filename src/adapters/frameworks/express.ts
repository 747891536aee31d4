import type { Request } from 'express'
import { type NodeFramework, originalTarget } from '../../exchange/node-request.ts'
import { userFromNodeRequest } from '../../exchange/user.ts'

/** Where Express has what an exchange is told. */
export const onExpress: NodeFramework = {
  source: 'extended',
  target: originalTarget,
  address: (req) => ((req as Request).app?.get('trust proxy') ? (req as Request).ip : undefined),
  userHolder: (req) => req,
  route: (req) => {
    const { baseUrl, route } = req as Request
    return typeof route?.path === 'string' ? `${baseUrl}${route.path}` : undefined
  },
  user: userFromNodeRequest,
}
