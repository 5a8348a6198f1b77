-- Shared by all scripts, and inserted between the first line of a script and its body. No script calls INFO, because not every
-- Redis allows that; the caller sends INFO directly after the script (script-runner.ts).

-- The value of a key from the reply of redis.pcall; nil when it is missing or of another type, which no script writes. Any
-- other error ends the script: a command that an ACL refuses must not look like a missing key.
local function text_in(reply)
  if type(reply) == 'table' and reply.err and not string.find(reply.err, 'WRONGTYPE', 1, true) then
    error(reply.err)
  end
  return type(reply) == 'string' and reply or nil
end

local function get(key)
  return text_in(redis.pcall('GET', key))
end

-- True when gateway:view holds V.
local function view_is(view_key, wanted)
  return get(view_key) == wanted
end

local function epoch_of(view)
  return view and tonumber(string.match(view, '^%d+')) or 0
end

local function database_of(view)
  return string.match(view, '^%d+ r%d+ (%S+) ')
end

-- True while gateways of another database than that of V hold the claim (claim.lua).
local function is_claimed(owner_key, view)
  local owner = string.match(get(owner_key) or '', '^(%S+) ')
  return owner and owner ~= database_of(view)
end

-- Claims the keys for gateways of the database `id`, when no other database holds the claim. An instance with a longer lease may
-- have claimed them for longer: the TTL is never shortened.
local function claim(owner_key, id, name, ttl)
  local left = get(owner_key) and redis.call('PTTL', owner_key) or 0
  redis.call('SET', owner_key, id .. ' ' .. name, 'PX', math.max(left, ttl))
end

-- The first bytes of a key: `{"version":7,...` or `{"fence":8,"nonce":"..."}`; '' when missing or not a string.
local function head_of(key)
  return text_in(redis.pcall('GETRANGE', key, 0, 63)) or ''
end

-- The stamp in a key: microseconds since 1970, as the scripts write it. Any other value was set by hand and counts as missing.
local function stamp_in(stamp)
  return string.match(get(stamp) or '', '^[1-8]' .. string.rep('%d', 15) .. '$')
end

-- The next stamp: above the last one, and at least the present microseconds, so that a stamp that was deleted does not start
-- again from an old number.
local function next_stamp(last)
  local now = redis.call('TIME')
  local microseconds = tonumber(now[1]) * 1000000 + tonumber(now[2])
  return string.format('%.0f', math.max(microseconds, tonumber(last or 0) + 1))
end

-- Raises the stamp of a user, because a document's key changes: an unchanged stamp tells that no document has. Call it before
-- the change: a stamp that moves too early does no harm. The stamp expires after `ttl` milliseconds; nil = it stays.
local function raise_stamp(stamp, ttl)
  local following = next_stamp(stamp_in(stamp))
  if ttl then
    redis.call('SET', stamp, following, 'PX', ttl)
  else
    redis.call('SET', stamp, following)
  end
end

local function version_in(head)
  return tonumber(string.match(head, '^{"version":(%d+),'))
end

local function fence_in(head)
  local min, nonce = string.match(head, '^{"fence":(%d+),"nonce":"(%x+)"}$')
  return tonumber(min), nonce
end

-- The floor of a document in the text of its user's tombstone: the lowest version that may follow; 0 without a text, and when the
-- document is not named. A tombstone names recently deleted documents, one per line: `\n<key of the whole> <floor>`.
local function floor_in(tombstone, whole)
  if not tombstone then
    return 0
  end
  local _, last = string.find(tombstone, '\n' .. whole .. ' ', 1, true)
  return tonumber(last and string.match(tombstone, '^%d+', last + 1)) or 0
end

-- Adds a document to the tombstone of its user, which expires after `ttl` milliseconds. It has at most one line per document.
local function bury(tombstone, whole, floor, ttl)
  local lines = ''
  for key, other in string.gmatch(get(tombstone) or '', '\n(%S+) (%d+)') do
    if key == whole then
      floor = math.max(floor, tonumber(other))
    else
      lines = lines .. '\n' .. key .. ' ' .. other
    end
  end
  redis.call('SET', tombstone, lines .. '\n' .. whole .. ' ' .. string.format('%.0f', floor), 'PX', ttl)
end

-- Writes all keys of a document: KEYS[first] is the whole, ARGV[arg] its value.
local function store(first, arg, count)
  for offset = 0, count - 1 do
    redis.call('SET', KEYS[first + offset], ARGV[arg + offset])
  end
end

-- Repairs the sections of a document whose whole is of this version already.
local function heal(stamp, first, arg, count)
  for offset = 1, count - 1 do
    local section, value = KEYS[first + offset], ARGV[arg + offset]
    if head_of(section) ~= string.sub(value, 1, 64) then
      raise_stamp(stamp)
      redis.call('SET', section, value)
    end
  end
end
