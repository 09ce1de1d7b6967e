--- Measures cases in interleaved rounds, so that other work of the machine meets all of them alike:
--- rounds(cases, count, measure). measure(case) returns a list of figures; each case gets 'medians', the
--- median of each figure.

local function median(rows, column)
  local values = {}
  for i, row in ipairs(rows) do values[i] = row[column] end
  table.sort(values)
  return values[math.floor(#values / 2) + 1]
end

return function(cases, count, measure)
  local rows = {}
  for i = 1, #cases do rows[i] = {} end
  for round = 1, count do
    for i, case in ipairs(cases) do rows[i][round] = measure(case) end
  end
  for i, case in ipairs(cases) do
    case.medians = {}
    for column = 1, #rows[i][1] do case.medians[column] = median(rows[i], column) end
  end
end
