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

-- Gateways of another database than that of V have claimed the keys (claim.lua), and live.
local function is_claimed(owner_key, view)
  local owner = string.match(get(owner_key) or '', '^(%S+) ')
  return owner and owner ~= string.match(view, '^%d+ r%d+ (%S+) ')
end

-- The first bytes of a key: `{"version":7,...` or `{"fence":8,"nonce":"..."}`; '' when missing or not a string.
local function head_of(key)
  return text_in(redis.pcall('GETRANGE', key, 0, 63)) or ''
end

-- What a stamp key holds when a script has made it: microseconds since 1970. Anything else is an operator's, and counts for none.
local function stamp_in(stamp)
  return string.match(get(stamp) or '', '^[1-8]' .. string.rep('%d', 15) .. '$')
end

-- The stamp that follows: above the last one, and at least the microseconds of now, so that a stamp that was deleted
-- does not get an old number again.
local function next_stamp(last)
  local now = redis.call('TIME')
  local microseconds = tonumber(now[1]) * 1000000 + tonumber(now[2])
  return string.format('%.0f', math.max(microseconds, tonumber(last or 0) + 1))
end

-- A document's key changes: the stamp of its user (a declared key, as all are) grows, so that one look at it tells that none has. Called before the
-- change: a stamp that moves too early does no harm. It expires after `ttl` milliseconds; nil = it stays.
local function changing(stamp, ttl)
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

-- A tombstone names documents of a user that were deleted lately, a line each: `\n<key of the whole> <floor>`. The floor is the
-- lowest version that may follow; 0 when the document is not named.
local function floor_in(tombstone, whole)
  local text = get(tombstone) or ''
  local _, last = string.find(text, '\n' .. whole .. ' ', 1, true)
  return tonumber(last and string.match(text, '^%d+', last + 1)) or 0
end

-- Names a document in the tombstone of its user. A user has a few documents, and so many lines; all go after `ttl` milliseconds.
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

-- The whole is of this version already: its sections are made to be as well.
local function heal(stamp, first, arg, count)
  for offset = 1, count - 1 do
    local section, value = KEYS[first + offset], ARGV[arg + offset]
    if head_of(section) ~= string.sub(value, 1, 64) then
      changing(stamp)
      redis.call('SET', section, value)
    end
  end
end
