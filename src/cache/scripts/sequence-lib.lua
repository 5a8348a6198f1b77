-- Shared by the scripts of the order numbers. Keys of one user's day:
-- block    `<last number drawn> <last number of the block> <name of this key> <V>`, or `ticket <number> <witness> <known>`: no block
--          is open, the witness held <witness> then, and no block that Redis remembers ends above `known`
-- witness  a copy of the last number drawn, so that an older block that is put back by hand is refused
-- mirror   the same number for other programs; no script reads it

-- Last number drawn and last number of the open block of this V; nothing when no block is open, or when a key was changed,
-- moved or removed by hand. A command that Redis refuses ends the script (get, in lib.lua).
local function block_in(block_key, witness_key, view)
  local last, limit, owner = string.match(get(block_key) or '', '^(%d+) (%d+) (.+)$')
  if owner == block_key .. ' ' .. view and get(witness_key) == last then
    return tonumber(last), limit
  end
end

-- The witness as a ticket names it; '-' when it holds no number.
local function witness_in(witness_key)
  local text = get(witness_key) or ''
  return #text <= 16 and string.match(text, '^%d+$') or '-'
end

-- The text that a caller must send to open the next block: `used <last number of the open one>` or `block <ticket> <witness>
-- <known>`.
-- Opening a block makes both invalid, so that a late or repeated command opens nothing. A ticket counts only while the witness
-- holds the value of its time: a ticket that is put back by hand is from before the last block was opened.
local function vacancy_in(block_key, witness_key, limit)
  if limit then
    return 'used ' .. limit
  end
  local ticket, witness = string.match(get(block_key) or '', '^ticket (%d+ (%S+) %d+)$')
  return witness == witness_in(witness_key) and 'block ' .. ticket
end

-- The last number of a block of another V, from the block or from a ticket: the database may have been set back to a time
-- before the block was reserved.
local function known_in(block_key, witness_key)
  local text = get(block_key) or ''
  local last, limit, owner = string.match(text, '^(%d+) (%d+) (%S+) ')
  if owner == block_key and get(witness_key) == last then
    return limit
  end
  return string.match(text, '^ticket %d+ %S+ (%d+)$') or '0'
end

local function count_to(last, limit, block_key, witness_key, mirror_key, view, ttl)
  local text = string.format('%.0f', last)
  redis.call('SET', block_key, text .. ' ' .. limit .. ' ' .. block_key .. ' ' .. view, 'PX', ttl)
  redis.call('SET', witness_key, text, 'PX', ttl)
  redis.call('SET', mirror_key, text, 'PX', ttl)
  return last
end
