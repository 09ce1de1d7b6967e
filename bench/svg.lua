-- What the pictures of the benchmarks share. The colours are legible on light and dark backgrounds.

local svg = {}

local STYLE = [[
  <style>
    text { font: 13px sans-serif; fill: #6e7781 }
    .title { font-weight: bold }
    .note { font-size: 11px }
    .own { fill: #2f81f7 }
    .other { fill: #8c959f }
  </style>]]

function svg.escaped(text)
  return (text:gsub("[&<>\"]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }))
end

-- 1234.5 -> "1,235"; numbers below 100 keep a decimal.
function svg.number_text(number)
  if number < 100 then return ("%.1f"):format(number) end
  return (("%.0f"):format(number):reverse():gsub("%d%d%d", "%0,"):reverse():gsub("^,", ""))
end

-- Returns a picture of these elements, which are lines of text.
function svg.document(title, width, height, lines)
  return table.concat({
    ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" role="img">'):format(width,
      height, width),
    "  <title>" .. title .. "</title>", STYLE, table.concat(lines, "\n"), "</svg>" }, "\n")
end

return svg
