// Making elements, and writing times. Nothing here or elsewhere makes markup of text.
"use strict"

Lab.byId = id => document.getElementById(id)

// make returns an element with attributes and children; text becomes text.
Lab.make = (name, attributes = {}, ...children) => Lab.fill(document.createElement(name), attributes, children)

Lab.shape = (name, attributes = {}, ...children) =>
	Lab.fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children)

Lab.fill = (element, attributes, children) => {
	for (const [key, value] of Object.entries(attributes)) {
		if (key.startsWith("on")) element.addEventListener(key.slice(2), value)
		else if (value === true) element.setAttribute(key, "")
		else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value)
	}
	element.append(...children.filter(c => c !== null))
	return element
}

// millis writes nanoseconds in milliseconds, with three digits where they are known.
Lab.millis = ns => {
	const ms = ns / 1e6
	if (ms === 0) return "0 ms"
	return (ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2)) + " ms"
}

// short is millis without digits that say nothing: 5 ms, 1.2 ms.
Lab.short = ns => String(Math.round(ns / 1e4) / 100) + " ms"
