-- Shared by all scripts; put between the first line of a script and its body.

-- gateway:view holds `<epoch> r<rules> <run_id> <replication id>`.
local function view_is(view_key, wanted)
  return redis.pcall('GET', view_key) == wanted
end

-- A replica that was promoted holds the view of its former primary: the text alone does not tell them apart.
local function is_dataset(view)
  local replication_id = string.match(view, '(%x+)$')
  local info = redis.call('INFO', 'replication')
  return string.find(info, 'master_replid:' .. replication_id, 1, true) ~= nil
end

local function fit(view_key, wanted)
  return view_is(view_key, wanted) and is_dataset(wanted)
end

local function epoch_of(view)
  return type(view) == 'string' and tonumber(string.match(view, '^%d+')) or 0
end

-- The first bytes of a key: `{"version":7,...` or `{"fence":8,"nonce":"..."}`; '' when missing or not a string.
local function head_of(key)
  local head = redis.pcall('GETRANGE', key, 0, 63)
  return type(head) == 'string' and head or ''
end

-- A document's key changes: the stamp of its user grows, so that one look at it tells that none has. Called before the
-- change: a stamp that moves too early does no harm. It begins with the microseconds of now, so that one that somebody
-- deletes does not come by its old numbers again.
local function changing(key)
  local user = string.match(key, '^user:([^:]+):')
  if not user then
    return
  end
  local stamp = 'gateway:stamp:' .. user
  local last = redis.pcall('GET', stamp)
  if type(last) == 'string' and #last >= 16 and type(redis.pcall('INCR', stamp)) == 'number' then
    return
  end
  local now = redis.call('TIME')
  redis.call('SET', stamp, now[1] .. string.format('%06d', now[2]))
end

local function version_in(head)
  return tonumber(string.match(head, '^{"version":(%d+),'))
end

-- The version at which a missing document was erased: nothing up to it comes back. 0 when it was not.
local function erased_at(erased_key, key, head)
  return head == '' and tonumber(redis.call('HGET', erased_key, key) or 0) or 0
end

local function fence_in(head)
  local min, nonce = string.match(head, '^{"fence":(%d+),"nonce":"(%x+)"}$')
  return tonumber(min), nonce
end
