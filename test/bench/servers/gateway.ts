import { startServer } from '../../../src/server.ts'
import { reportTo } from './usage.ts'

/** The gateway, as its environment configures it. */
const { url } = await startServer(process.env)
reportTo(process, url)
