--- Reads the pages of the reference as data: sections, signatures, rows of options, links. Specs compare them with the code.

local files = dofile("spec/support/files.lua")

local pages = {}

--- Returns the anchor that GitHub gives a heading.
function pages.anchor(title)
  return (title:lower():gsub("[^%w%s_-]", ""):gsub("%s", "-"))
end

-- Adds the sections of a page. The text of a section ends at the next heading of its level or a higher one.
local function add_sections(list, name)
  local open, fenced = {}, false
  for line in (files.read("doc/" .. name) .. "\n"):gmatch("([^\n]*)\n") do
    if line:find("^```") then fenced = not fenced end
    local marks, title = line:match("^(#+) (.+)$")
    if marks and not fenced then
      local level = #marks
      for other = level, 6 do open[other] = nil end
      local section = { page = name, level = level, title = title, anchor = pages.anchor(title), lines = {},
        parent = open[level - 1] }
      open[level], list[#list + 1] = section, section
      if section.parent then section.parent.intro = section.parent.intro or table.concat(section.parent.lines, "\n") end
    else
      for _, section in pairs(open) do section.lines[#section.lines + 1] = line end
    end
  end
end

--- Returns all sections of these pages: { page, level, title, anchor, text, intro (before its first part), parent }.
function pages.sections(names)
  local list = {}
  for _, name in ipairs(names) do add_sections(list, name) end
  for _, section in ipairs(list) do section.text = table.concat(section.lines, "\n") .. "\n" end
  return list
end

--- Returns true for the section of a function, method or value: its title is a name such as tbl:get_item.
function pages.is_entry(section)
  return section.level == 3 and section.title:find("^%l+[:.][%w_.]+$") ~= nil
end

--- Returns the cells of the rows of all tables in a text whose head begins with this cell.
function pages.rows(text, first)
  local list, is_wanted, is_head = {}, false, true
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do
    if not line:find("^|") then
      is_head, is_wanted = true, false
    else
      local cells = {}
      for cell in line:gsub("^|", ""):gmatch("([^|]*)|") do cells[#cells + 1] = cell:match("^%s*(.-)%s*$") end
      if is_head then is_wanted, is_head = cells[1] == first, false
      elseif is_wanted and not line:find("^|%-") then list[#list + 1] = cells end
    end
  end
  return list
end

--- Returns the options that a section itself lists: name -> its cells. 'which' is the text in parentheses after the names of
--- options that are part of another argument; nil for the method's own options.
function pages.options(section, which)
  local found = {}
  for _, cells in ipairs(pages.rows(section.text, "option")) do
    if cells[1]:match("%((.-)%)$") == which then
      for name in cells[1]:gmatch("`([%w_]+)`") do
        assert(not found[name], section.title .. " has two rows of " .. name)
        found[name] = cells
      end
    end
  end
  return found
end

--- Returns "page#anchor" of the sections whose options a section takes as well.
function pages.others(section)
  local list = {}
  for paragraph in ("\n" .. section.text .. "\n\n"):gmatch("\nAlso takes the options of (.-)\n\n") do
    for page, anchor in paragraph:gmatch("%]%(([%w_]*%.?m?d?)#([%w_-]+)%)") do
      list[#list + 1] = (page == "" and section.page or page) .. "#" .. anchor
    end
  end
  return list
end

--- Returns how many arguments the longest form of a function in a signature has: "f(a [, b])" has 2.
function pages.most_arguments(signature, title)
  local most = 0
  for line in signature:gmatch("[^\n]+") do
    local arguments = line:sub(1, #title) == title and (line:match("%((.*)%)$") or line:match("%b{}$"))
    local count = 0
    if arguments and arguments:find("%S") then
      count = 1 + select(2, arguments:gsub("%b{}", ""):gsub("[%[%]]", ""):gsub(",", ""))
    end
    most = math.max(most, count)
  end
  return most
end

return pages
