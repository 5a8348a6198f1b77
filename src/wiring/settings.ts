import { EXCHANGE_KINDS } from '../exchange/exchange.ts'
import { AdminDefaults } from '../settings/admin-defaults.ts'
import { AdminDefaultsCache } from '../settings/admin-defaults-cache.ts'
import { DocumentReads } from '../settings/document-reads.ts'
import { DocumentWrites } from '../settings/document-writes.ts'
import { UserDocuments } from '../settings/documents.ts'
import { CacheInspection } from '../settings/inspection.ts'
import { Provisioning } from '../settings/provisioning.ts'
import { UserDefaults } from '../settings/user-defaults.ts'
import { Users } from '../settings/users.ts'
import { PostgresHistory } from '../store/postgres-history.ts'
import { PostgresUsers } from '../store/postgres-users.ts'
import { Transfer } from '../transfer/transfer-service.ts'
import type { CacheLayer } from './cache-layer.ts'
import type { Foundation } from './foundation.ts'

/** The use cases of documents, defaults and users over the cache layer. */
export function wireSettings({ config, log, telemetry, pool, availability }: Foundation, layer: CacheLayer) {
  const { reader, writer, store, counter, exchange } = layer
  const limits = { documentBytes: config.http.bodyLimitBytes, userBytes: config.settings.userBytes }
  const defaults = new AdminDefaultsCache(reader, store)
  const provisioning = new Provisioning({ writer, defaults, autoProvision: config.settings.autoProvision })
  const reads = new DocumentReads({ reader, store, provisioning, observer: telemetry })
  const writes = new DocumentWrites({ writer, provisioning, limits })
  const history = new PostgresHistory(pool, availability)
  const admin = new AdminDefaults({
    cache: defaults,
    reads,
    writer,
    limits,
    file: config.settings.defaultsFile,
    onUnused: unused =>
      log.warn({ unused }, 'the defaults file has parts that are kept and mean nothing to the gateway'),
  })
  const forget = async (userId: string) => {
    for (const kind of EXCHANGE_KINDS) await exchange.remove(userId, kind)
    if (layer.isOursFor(userId)) await counter.forget(userId)
  }
  return {
    limits,
    defaults,
    reads,
    writes,
    history,
    admin,
    documents: new UserDocuments({ reads, writes, defaults, limits, history }),
    userDefaults: new UserDefaults({ reads, writes, defaults, limits }),
    users: new Users({ writer, provisioning, forget }),
    inspection: new CacheInspection({
      cacheOf: userId => layer.cacheOf(userId),
      store,
      reader,
      provisioning,
    }),
    transfer: new Transfer({
      store: new PostgresUsers(pool, availability),
      writer,
      defaults,
      counter,
      limits,
    }),
  }
}

export type SettingsParts = ReturnType<typeof wireSettings>
