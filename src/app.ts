import cors from '@fastify/cors'
import fastify, { type FastifyInstance, LogController } from 'fastify'
import { Authenticator } from './auth/authenticator.ts'
import type { Config } from './config.ts'
import { refuseAmbiguousHeaders } from './http/ambiguous-headers.ts'
import { AuthFailures } from './http/auth-failures.ts'
import { checkBodyTypes } from './http/body-types.ts'
import { ByteBudget } from './http/byte-budget.ts'
import { boundAnswers, boundBodies } from './http/bytes-in-flight.ts'
import { authenticateAll } from './http/caller.ts'
import { clientErrorHandler } from './http/client-errors.ts'
import { Connections } from './http/connections.ts'
import { refuseUnderPressure } from './http/event-loop-delay.ts'
import { connectionLimit } from './http/file-limit.ts'
import { removeLengthsOf304 } from './http/heads.ts'
import { parseJsonBodies } from './http/json-bodies.ts'
import { refuseOtherMethods } from './http/method-not-allowed.ts'
import { Metrics } from './http/metrics.ts'
import { documentApi } from './http/openapi/swagger.ts'
import { servePages } from './http/pages.ts'
import { answerProblems, sendProblem, toProblem } from './http/problems.ts'
import { checkQueryParameters } from './http/query-parameters.ts'
import { CallerLimits, limitRates } from './http/rate-limits.ts'
import { SocketDoor } from './http/reads/door.ts'
import { Responder } from './http/reads/responder.ts'
import { RouteDoor } from './http/reads/route-door.ts'
import { PLAIN_READS } from './http/reads/table.ts'
import { nameAnswer, requestId } from './http/request-id.ts'
import { adminRoutes } from './http/routes/admin-routes.ts'
import { auditRoute } from './http/routes/audit-route.ts'
import { bulkRoutes } from './http/routes/bulk-routes.ts'
import { bundleRoutes } from './http/routes/bundle-routes.ts'
import { defaultRoutes } from './http/routes/default-routes.ts'
import { documentRoutes } from './http/routes/document-routes.ts'
import { eventRoutes } from './http/routes/event-routes.ts'
import { exchangeRoutes } from './http/routes/exchange-routes.ts'
import { instanceRoute } from './http/routes/instance-routes.ts'
import { operationRoutes } from './http/routes/operation-routes.ts'
import { rootRoute } from './http/routes/root-route.ts'
import { scheduleRoutes } from './http/routes/schedule-routes.ts'
import { sequenceRoutes } from './http/routes/sequence-routes.ts'
import { statusRoute, watchActivity } from './http/routes/status-routes.ts'
import { transferRoutes } from './http/routes/transfer-routes.ts'
import { userRoutes } from './http/routes/user-routes.ts'
import { serverFactory } from './http/server-factory.ts'
import { traceRequests } from './http/tracing.ts'
import { refuseUntaggedPreconditions } from './http/untagged-writes.ts'
import { refuseUnwantedBodies } from './http/unwanted-bodies.ts'
import { validateRequests } from './http/validation.ts'
import { logDestination } from './log-destination.ts'
import { createServices, type Services } from './services.ts'
import { registerStores } from './stores.ts'
import { Activity } from './telemetry/activity.ts'
import { toAll } from './telemetry/fan-out.ts'
import { loggedError } from './telemetry/logged-error.ts'
import type { StepHook } from './telemetry/protocol-observer.ts'

/** What tests and chaos runs may put in place of the real thing. */
export interface AppOverrides {
  /** Gets the log instead of the standard output. */
  readonly logStream?: { write(line: string): void }
  readonly step?: StepHook
}

/** The gateway, not yet connected: `services.start()` does that. */
export interface Gateway {
  readonly app: FastifyInstance
  readonly services: Services
  /** From now on /health/ready answers 503, and every answer closes its connection. */
  drain(): void
}

/** Errors of PostgreSQL quote rows, and problems carry documents: neither belongs into a log. */
const REDACTED = {
  paths: ['req.headers.authorization', 'err.detail', 'err.where', 'err.members'],
  remove: true,
}

/** Nodes of a Redis Cluster for which file descriptors are left; more take them from those of callers. */
const MOST_NODES = 32

/** Builds the gateway with every option and plugin, in order. */
export async function buildApp(config: Config, overrides: AppOverrides = {}): Promise<Gateway> {
  let socketDoor: SocketDoor | undefined
  const app = fastify({
    logger: {
      level: config.logLevel,
      redact: REDACTED,
      serializers: { err: error => loggedError(error) },
      stream: overrides.logStream ?? logDestination(),
    },
    // One line per request would cost more than Redis does: errors are logged, and metrics count the rest.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    // A logger per request would cost every read; lines of the log name the request themselves.
    childLoggerFactory: logger => logger,
    requestIdHeader: false,
    bodyLimit: config.http.bodyLimitBytes,
    serverFactory: serverFactory(
      config.http,
      () => connections,
      () => socketDoor,
    ),
    // Decides request.ip: only the X-Forwarded-For of these proxies is believed.
    trustProxy: config.http.trustProxy === undefined ? false : [...config.http.trustProxy],
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    // A parameter of any length gets the answer of its route: the headers' limit ends it before.
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: 65_536 },
    exposeHeadRoutes: true,
    // A URL that cannot be decoded meets no hook.
    frameworkErrors: (error, request, reply) =>
      sendProblem(toProblem(error), request, nameAnswer(request, reply)),
    clientErrorHandler,
  })
  const metrics = new Metrics()
  const { database, redis } = config
  const connections = new Connections({
    // The connection of the lease renewals, and two per connection to Redis: see RedisConnection.
    limit: connectionLimit(
      config.http.maxConnections,
      database.poolSize + 1 + 2 * (redis.poolSize + 1) * (redis.target?.kind === 'cluster' ? MOST_NODES : 1),
    ),
    log: app.log,
    onDropped: () => metrics.connectionDropped(),
  })
  connections.watch(app.server)
  metrics.watchConnections(connections)
  const activity = new Activity()
  let draining = false
  await registerStores(app, config)
  const services = createServices(config, {
    pool: app.pg.pool,
    redisClient: app.redis,
    log: app.log,
    telemetry: toAll(metrics, activity),
    server: { port: () => portOf(app), draining: () => draining, reads: () => metrics.reads },
    ...(overrides.step === undefined ? {} : { step: overrides.step }),
  })
  // Hooks of the end run last in, first out: the protocol stops before @fastify/postgres ends the pool.
  app.addHook('onClose', () => services.close())
  app.decorateRequest('principal', null)
  // The first hook, so that every answer carries it.
  app.addHook('onRequest', (request, reply, done) => {
    nameAnswer(request, reply)
    done()
  })
  // So that no proxy sends its next request on a connection that is about to be closed; also behind requests that
  // were in progress when the draining began.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (draining) reply.header('connection', 'close')
    done()
  })
  metrics.watch(app)
  const tracer = await traceRequests(app, config.tracing.endpoint)
  watchActivity(app, activity)
  refuseAmbiguousHeaders(app)
  checkBodyTypes(app)
  removeLengthsOf304(app)
  parseJsonBodies(app)
  validateRequests(app)
  checkQueryParameters(app)
  refuseUntaggedPreconditions(app)
  refuseUnwantedBodies(app)
  answerProblems(app)
  const refuseTheRest = refuseOtherMethods(app)
  if (config.http.corsOrigins.length > 0) {
    await app.register(cors, {
      origin: corsOrigins(config),
      methods: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
      exposedHeaders: ['ETag', 'Cache-Status', 'Age', 'Retry-After', 'X-Request-Id'],
    })
  }
  const { maxEventLoopDelayMs } = config.http
  const underPressure =
    maxEventLoopDelayMs === 0 ? () => false : refuseUnderPressure(app, maxEventLoopDelayMs)
  await documentApi(app)
  await app.register(servePages)
  rootRoute(app)
  operationRoutes(app, { status: services.status, metrics, draining: () => draining })
  const authenticator = new Authenticator(config.auth)
  const limits = new CallerLimits(config.http.rateLimit)
  const bodies = new ByteBudget(config.http.bodiesInFlightBytes)
  const answers = new ByteBudget(config.http.answersInFlightBytes)
  metrics.watchBytes({ bodies, answers })
  const responder = new Responder({ answers, draining: () => draining, log: app.log })
  const door = new RouteDoor(responder, services.reads, services.past)
  await app.register(async authenticated => {
    authenticateAll(authenticated, authenticator, new AuthFailures(config.http.rateLimit))
    limitRates(authenticated, limits)
    boundBodies(authenticated, bodies)
    boundAnswers(authenticated, answers)
    bundleRoutes(authenticated, door)
    documentRoutes(authenticated, { door, documents: services.documents })
    eventRoutes(authenticated, { ...services, onDropped: () => metrics.listenerDropped() })
    scheduleRoutes(authenticated, services.schedules)
    defaultRoutes(authenticated, services.defaults)
    userRoutes(authenticated, services.users)
    transferRoutes(authenticated, services.transfer)
    sequenceRoutes(authenticated, services.sequence)
    await authenticated.register(async exchange => exchangeRoutes(exchange, services.exchange))
    await authenticated.register(async admin => {
      adminRoutes(admin, { ...services, door })
      auditRoute(admin, services.audit)
      bulkRoutes(admin, services.bulk)
      statusRoute(admin, { status: services.status, activity })
      instanceRoute(admin, services.fleet)
    })
  })
  refuseTheRest()
  socketDoor = new SocketDoor({
    table: PLAIN_READS,
    reads: services.reads,
    responder,
    authenticator,
    limits,
    underPressure,
    traced: tracer?.run,
    onAnswered: ({ request, id, route }, status, milliseconds) => {
      metrics.requestAnswered('GET', route, status, milliseconds)
      activity.samples.requestAnswered(milliseconds, status)
      tracer?.answered({ request, id, method: 'GET', route, status, milliseconds })
    },
  })
  return {
    app,
    services,
    drain: () => {
      draining = true
    },
  }
}

/** Null until it listens. */
function portOf(app: FastifyInstance): number | null {
  const address = app.server.address()
  return address === null || typeof address === 'string' ? null : address.port
}

function corsOrigins({ http }: Config): string[] | string {
  return http.corsOrigins[0] === '*' ? '*' : [...http.corsOrigins]
}
