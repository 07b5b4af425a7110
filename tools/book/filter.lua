-- What pandoc is told about the book's own blocks. A hint is opened by its reader.
function Div(div)
	if div.classes:includes("hint") then
		local blocks = pandoc.List({pandoc.RawBlock("html", "<details class=\"hint\"><summary>Hint</summary>")})
		blocks:extend(div.content)
		blocks:insert(pandoc.RawBlock("html", "</details>"))
		return blocks
	end
end
