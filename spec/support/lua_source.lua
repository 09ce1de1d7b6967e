--- Splits Lua files into tokens, so that specs can judge what a file does without being misled by comments and texts.

local source = {}

-- Returns the position after a long bracket that begins at 'at' | nil when none begins there.
local function after_long(text, at)
  local level = text:match("^%[(=*)%[", at)
  if not level then return nil end
  local _, last = text:find("]" .. level .. "]", at, true)
  return (last or #text) + 1
end

-- Returns the position after a quoted text that begins at 'at'.
local function after_quoted(text, at)
  local quote, i = text:sub(at, at), at + 1
  while i <= #text and text:sub(i, i) ~= quote do
    i = i + (text:sub(i, i) == "\\" and 2 or 1)
  end
  return i + 1
end

-- Returns the end of the sign at 'at'.
local function after_sign(text, at)
  return text:match("^%.%.%.?()", at) or text:match("^[=~<>]=()", at) or at + 1
end

-- Returns kind and end of the token at 'at'.
local function token_at(text, at)
  local stop = text:match("^[%a_][%w_]*()", at)
  if stop then return "name", stop end
  local first = text:sub(at, at)
  if first == '"' or first == "'" then return "text", after_quoted(text, at) end
  if first == "-" and text:find("^%-%-", at) then
    return "comment", after_long(text, at + 2) or (text:find("\n", at, true) or #text + 1)
  end
  stop = first == "[" and after_long(text, at)
  if stop then return "text", stop end
  stop = text:match("^%.?%d[%w.]*()", at)
  if stop then return "number", stop end
  return "sign", after_sign(text, at)
end

-- Returns the number of line ends before 'stop', from 'at' on.
local function count_lines(text, at, stop)
  local count = 0
  while true do
    local found = text:find("\n", at, true)
    if not found or found >= stop then return count end
    count, at = count + 1, found + 1
  end
end

local function read_tokens(text)
  local list, at, line, counted = {}, 1, 1, 1
  while true do
    local start = text:find("%S", at)
    if not start then return list end
    local kind, stop = token_at(text, start)
    if kind ~= "comment" then
      line, counted = line + count_lines(text, counted, start), start
      list[#list + 1] = { kind = kind, text = text:sub(start, stop - 1), at = start, line = line }
    end
    at = stop
  end
end

local read = {} -- the tokens of each text, since several specs judge the same file

--- Returns the tokens of a Lua text, without comments: { kind = "name" | "text" | "number" | "sign", text, at, line }.
function source.tokens(text)
  read[text] = read[text] or read_tokens(text)
  return read[text]
end

--- Returns the content of a text token without escapes.
function source.content(token)
  return token.text:match("^[\"'](.*)[\"']$") or token.text:match("^%[=*%[(.*)%]=*%]$")
end

local opens = { ["function"] = true, ["if"] = true, ["do"] = true, ["repeat"] = true }
local closes = { ["end"] = true, ["until"] = true }

--- Returns the loops of these tokens: { names = the tokens of its variables, body = the token 'do' }.
function source.loops(tokens)
  local list = {}
  for i, token in ipairs(tokens) do
    if token.kind == "name" and token.text == "for" then
      local names, at, depth = {}, i + 1, 0
      while tokens[at].text ~= "=" and tokens[at].text ~= "in" do
        if tokens[at].kind == "name" then names[#names + 1] = tokens[at] end
        at = at + 1
      end
      while depth > 0 or tokens[at].text ~= "do" or tokens[at].kind ~= "name" do
        local word = tokens[at].kind == "name" and tokens[at].text
        depth = depth + (opens[word] and 1 or closes[word] and -1 or 0)
        at = at + 1
      end
      list[#list + 1] = { names = names, body = tokens[at] }
    end
  end
  return list
end

return source
