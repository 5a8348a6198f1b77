-- Shared by all scripts; put between the first line of a script and its body. No script asks INFO: not every Redis allows
-- that, so the caller asks right behind it (script-runner.ts).

-- What redis.pcall brought of a key, nil when it is missing. A key of another type holds nothing of ours. Any other error
-- ends the script: a command that an ACL refuses must not look like a missing key.
local function text_in(reply)
  if type(reply) == 'table' and reply.err and not string.find(reply.err, 'WRONGTYPE', 1, true) then
    error(reply.err)
  end
  return type(reply) == 'string' and reply or nil
end

local function get(key)
  return text_in(redis.pcall('GET', key))
end

-- gateway:view holds V.
local function view_is(view_key, wanted)
  return get(view_key) == wanted
end

local function epoch_of(view)
  return view and tonumber(string.match(view, '^%d+')) or 0
end

-- The first bytes of a key: `{"version":7,...` or `{"fence":8,"nonce":"..."}`; '' when missing or not a string.
local function head_of(key)
  return text_in(redis.pcall('GETRANGE', key, 0, 63)) or ''
end

-- A document's key changes: the stamp of its user (a declared key, as all are) grows, so that one look at it tells that none has. Called before the
-- change: a stamp that moves too early does no harm. It begins with the microseconds of now, so that one that somebody
-- deletes does not come by its old numbers again.
local function changing(stamp)
  local last = get(stamp)
  if last and #last >= 16 and type(redis.pcall('INCR', stamp)) == 'number' then
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
