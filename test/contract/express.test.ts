import { adapterContract } from './adapter.ts'
import { mountExpress } from './express-app.ts'

const quirks = { keepsErrors: true, compresses: true, shortensNested: true }

adapterContract('Express 5', mountExpress(5), { ...quirks, row: 'Express 5' })
adapterContract('Express 4', mountExpress(4), { ...quirks, row: 'Express 4' })
