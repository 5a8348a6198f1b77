#!lua flags=allow-oom
-- Answers the commands of the scripts that an ACL refuses, one per line; '' = none. KEYS: a key that nothing else uses.
local refused = {}
local function try(...)
  local reply = redis.pcall(...)
  local text = type(reply) == 'table' and reply.err or ''
  for _, sign in ipairs({ 'NOPERM', "can't run this command", 'no permissions', "can't access" }) do
    if string.find(text, sign, 1, true) then
      refused[#refused + 1] = (...)
      return
    end
  end
end
try('SET', KEYS[1], '1', 'PX', '1000')
try('GET', KEYS[1])
try('PTTL', KEYS[1])
try('GETRANGE', KEYS[1], 0, 63)
try('TIME')
try('DEL', KEYS[1])
try('UNLINK', KEYS[1])
-- Commands of the order numbers.
try('ZADD', KEYS[1], 'GT', '1', 'day')
try('ZRANGE', KEYS[1], 0, -1)
try('PEXPIRE', KEYS[1], '1000')
-- Removes the key, because the commands that are tried without a script need another type.
try('DEL', KEYS[1])
return table.concat(refused, '\n')
